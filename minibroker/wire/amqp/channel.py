"""One channel of a connection: methods and content in, the engine's deliveries out.

Theory of operation. A channel is open, or it was closed for a mistake of the client's and waits for
channel.close-ok: what comes meanwhile was sent before the client knew, and means nothing (AMQP
0-9-1, 2.2.5). A message is a method, a header and as much of a body as the header said.
"""

import logging
import struct
from functools import lru_cache
from typing import TYPE_CHECKING

from pamqp import commands

from minibroker.queues.channel import Delivery
from minibroker.queues.errors import ChannelError, PreconditionFailed
from minibroker.wire.amqp import fields, frames, methods, properties
from minibroker.wire.amqp.confirms import Confirms
from minibroker.wire.amqp.errors import (
    CHANNEL_ERROR,
    COMMAND_INVALID,
    HARD,
    UNEXPECTED_FRAME,
    HardError,
)
from minibroker.wire.amqp.transaction import Transaction

if TYPE_CHECKING:
    from minibroker.wire.amqp.connection import Connection
    from minibroker.wire.amqp.handshake import Act

log = logging.getLogger(__name__)

LARGEST_MESSAGE = 16 * 1024 * 1024
"""``max_message_size`` since RabbitMQ 4.0."""

_shortstr = lru_cache(4096)(fields.shortstr)
_DELIVERED = struct.Struct(">QB").pack


class WireChannel:
    """See the module's docstring. `engine` is the channel as the engine knows it."""

    def __init__(self, connection: "Connection", number: int) -> None:
        self.connection, self.number = connection, number
        self.broker = connection.server.broker
        self.engine = self.broker.open_channel(
            connection.name, self._deliver, self._cancelled, connection, connection.node
        )
        self.confirms = Confirms(self)
        self.transaction: Transaction | None = None
        self.last_queue = ""
        """What an empty name of a queue stands for."""
        self._closing = False
        self._publish: commands.Basic.Publish | None = None
        self._raw: bytes | None = None
        self._body: list[bytes] = []
        self._size = self._left = 0

    # --- in ------------------------------------------------------------------------------

    def frame(self, kind: int, payload: bytes) -> None:
        """A frame of the client's."""
        if self._closing:
            self._until_closed(kind, payload)
        elif self._publish is not None:
            self._content(kind, payload)
        elif kind == frames.METHOD:
            self._method(methods.read(payload))
        else:
            raise HardError(UNEXPECTED_FRAME, "expected method frame, got non method frame instead")

    def _until_closed(self, kind: int, payload: bytes) -> None:
        if kind != frames.METHOD:
            return
        method = methods.read(payload)
        if isinstance(method, commands.Channel.Close):
            self.reply(commands.Channel.CloseOk)
        elif isinstance(method, commands.Channel.CloseOk):
            del self.connection.channels[self.number]

    def _method(self, method: object) -> None:
        if isinstance(method, commands.Basic.Publish):
            self._publish, self._raw = method, None
            return
        from minibroker.wire.amqp.handlers import HANDLERS  # they know this module

        if isinstance(method, commands.Channel.Open):
            raise HardError(CHANNEL_ERROR, "second 'channel.open' seen")
        handler = HANDLERS.get(type(method))
        if handler is None:
            raise HardError(COMMAND_INVALID, "unimplemented method")
        self._act(method, lambda: handler(self, method))

    def _content(self, kind: int, payload: bytes) -> None:
        """The header of a message, or a piece of its body."""
        if self._raw is None:
            if kind != frames.HEADER:
                raise HardError(
                    UNEXPECTED_FRAME,
                    "expected content header for class 60, got non content header frame instead",
                )
            self._size, self._raw = properties.read_header(payload)
            self._left = self._size
        elif kind != frames.BODY or len(payload) > self._left:
            raise HardError(
                UNEXPECTED_FRAME, "expected content body, got non content body frame instead"
            )
        else:
            self._left -= len(payload)
            if self._size <= LARGEST_MESSAGE:
                self._body.append(payload)
        if self._left:
            return
        publish, raw, size = self._publish, self._raw, self._size
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._publish, self._raw, self._body = None, None, []
        assert publish is not None
        self._act(publish, lambda: self._published(publish, raw, body, size))

    def _published(
        self, method: commands.Basic.Publish, raw: bytes, body: bytes, size: int
    ) -> None:
        from minibroker.wire.amqp.messages import publish

        if size > LARGEST_MESSAGE:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - message size {size} is larger than configured max size "
                f"{LARGEST_MESSAGE}"
            )
        publish(self, method, raw, body)

    def _act(self, method: object, act: "Act") -> None:
        self.connection.act(method, lambda: self._guarded(method, act))

    def _guarded(self, method: object, act: "Act") -> None:
        """Do what a method asks; a mistake closes the channel, or the connection by HardError."""
        try:
            act()
        except ChannelError as error:
            if error.code in HARD:
                raise HardError(error.code, error.text.partition(" - ")[2], method=method) from None
            self._close(error, method)
        except HardError as error:
            if error.method is None:
                error.method = method
            raise

    def _close(self, error: ChannelError, method: object) -> None:
        log.warning("closing a channel of %s: %s", self.connection.name, error.text)
        self.leave()
        self._closing = True
        family, which = methods.index(method)
        self.reply(commands.Channel.Close, error.code, error.text, family, which)

    def leave(self) -> None:
        """Give back all that it holds."""
        self.confirms.send()
        self.connection.confirming.pop(self, None)
        self.broker.close(self.engine, "channel closed")

    # --- out -----------------------------------------------------------------------------

    def reply(self, kind: type[methods.Method], *values: object) -> None:
        """Send a method."""
        self.connection.send_method(self.number, kind, *values)

    def content(self, method: bytes, raw: bytes, body: bytes) -> None:
        """Send a method with a message."""
        number, send = self.number, self.connection.send
        header = properties.header(len(body), raw)
        start = frames.frame(frames.METHOD, number, method) + frames.frame(
            frames.HEADER, number, header
        )
        most = self.connection.frame_max - frames.OVERHEAD
        if not body:
            send(start)
        elif len(body) <= most:
            send(start + frames.frame(frames.BODY, number, body))
        else:
            send(start)
            for at in range(0, len(body), most):
                send(frames.frame(frames.BODY, number, body[at : at + most]))

    def _deliver(self, delivery: Delivery) -> None:
        """The engine pushes a copy."""
        try:
            message = delivery.copy.message
            method = b"\x00\x3c\x00\x3c%b%b%b%b" % (
                _shortstr(delivery.consumer),
                _DELIVERED(delivery.tag, delivery.redelivered),
                _shortstr(message.exchange),
                _shortstr(message.routing_key),
            )
            self.content(method, properties.of_copy(delivery.copy), message.body)
        except Exception:  # whoever published it must not suffer
            log.exception("a delivery to %s failed", self.connection.name)
            self.connection.server.loop.call_soon(self.connection.abort)

    def _cancelled(self, tag: str) -> None:
        """The broker ended a subscription (RabbitMQ, "Consumer Cancel Notification"). A client that
        deleted the queue itself has its answer first, as a queue's end is noticed later there."""
        if self.connection.capabilities.get("consumer_cancel_notify") is True:
            self.connection.server.loop.call_soon(self._tell_cancelled, tag)

    def _tell_cancelled(self, tag: str) -> None:
        if self.engine.open and not self._closing:
            self.reply(commands.Basic.Cancel, tag, True)
