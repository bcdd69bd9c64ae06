"""One client's connection: frames in, frames out, from its first byte to its last.

Rule: what a client sends, however wrong, ends its own connection or channel and nothing else.

Theory of operation. Frames are worked on in the order in which they come, each wholly, unless a
fault delays one: then those behind it wait in the buffer. What goes out is collected and written at
the end of a turn. A client that does not read is neither read from nor pushed to until it has
caught up, so neither buffer grows without bound.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from pamqp import commands

from minibroker.queues.errors import ChannelError
from minibroker.wire.amqp import frames, handshake, methods
from minibroker.wire.amqp.channel import WireChannel
from minibroker.wire.amqp.errors import (
    CHANNEL_ERROR,
    CONNECTION_FORCED,
    FRAME_ERROR,
    INTERNAL_ERROR,
    NOT_ALLOWED,
    UNEXPECTED_FRAME,
    HardError,
)
from minibroker.wire.amqp.faults import Fault
from minibroker.wire.amqp.heartbeat import Heartbeat

if TYPE_CHECKING:
    from minibroker.wire.amqp.server import AmqpServer

log = logging.getLogger(__name__)

ENOUGH = 256 * 1024
"""Bytes that may wait in the buffer before the client is not read from any more, but for a frame
that is longer."""

HIGH = 256 * 1024
"""Bytes that may wait to be sent before the client is not pushed to any more."""

TURN = 64 * 1024
"""Bytes that are collected before they are written."""

HANDSHAKE, CLOSING = 10.0, 30.0
"""Seconds for a client to open its connection (``handshake_timeout``), and to close it."""

GRACE = 0.2
"""Seconds in which a client that is not read from any more may read why."""

Fate = str
"""``header``, ``starting``, ``tuning``, ``opening``, ``running``, ``closing`` (close-ok is still to
come) or ``closed``."""


class Connection(asyncio.Protocol):
    """See the module's docstring. `name` is what the trace calls the client."""

    def __init__(self, server: "AmqpServer", node: int = 1) -> None:
        self.server = server
        self.node = node
        """The node of the cluster that it came to."""
        self.fate: Fate = "header"
        self.name = self.peer = "?"
        self.user = ""
        self.capabilities: dict[str, object] = {}
        self.frame_max, self.channel_max = handshake.SMALLEST_FRAME, 0
        self.channels: dict[int, WireChannel] = {}
        self.confirming: dict[WireChannel, None] = {}
        """The channels that have confirms to send."""
        self.blocked = False
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._at = 0
        self._out: list[bytes] = []
        self._out_size = 0
        self._flushing = False
        self._full = self._paused = self._busy = False
        self._heartbeat: Heartbeat | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    # --- what the event loop calls ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        if not self.server.listens(self.node):  # it has just stopped
            self._transport.abort()
        self._transport.set_write_buffer_limits(high=HIGH)
        self.server.connections[self] = None
        there, here = (transport.get_extra_info(each) for each in ("peername", "sockname"))
        if there and here:
            self.peer = there[0]
            self.name = f"{there[0]}:{there[1]} -> {here[0]}:{here[1]}"
        self._timer = self.server.loop.call_later(HANDSHAKE, self._too_slow)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone: what it had not settled goes back at once."""
        self._transport = None
        self.server.connections.pop(self, None)
        for timer in (self._timer, self._heartbeat, self._task):
            if timer is not None:
                timer.cancel()
        self._buffer.clear()
        self._leave()
        self.fate = "closed"

    def data_received(self, data: bytes) -> None:
        """More bytes of frames."""
        if self._heartbeat is not None:
            self._heartbeat.heard = True
        if self.fate == "closed":
            return
        self._buffer += data
        self._go_on()

    def pause_writing(self) -> None:
        """The client does not read what it is sent."""
        self._full = True
        self.server.broker.flow([each.engine for each in self.channels.values()], active=False)

    def resume_writing(self) -> None:
        """It reads again."""
        self._full = False
        self.server.broker.flow([each.engine for each in self.channels.values()], active=True)
        self._go_on()

    # --- frames in -------------------------------------------------------------------------

    @property
    def _waits(self) -> bool:
        """Whether what is in the buffer has to wait: for a frame that is delayed, for a client that
        does not read, or while publishers are blocked."""
        return self._busy or self._full or self.blocked

    def _go_on(self) -> None:
        """Work on the frames that are whole, until one has to wait."""
        while self._transport is not None and self.fate != "closed" and not self._waits:
            try:
                if not self._next():
                    break
            except HardError as error:
                self.fail(error)
            except Exception:
                log.exception("a frame of %s failed", self.name)
                self.fail(HardError(INTERNAL_ERROR, "the server's log says why"))
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        if self.server.disk is None:
            self.flush()
        elif self._out or self.confirming:
            self.flush_soon()  # one sync for all that came in this turn
        if self._transport is None:
            return
        if self._waits and len(self._buffer) > ENOUGH:
            if not self._paused:
                self._paused = True
                self._transport.pause_reading()
        elif self._paused and not self._waits:
            self._paused = False
            self._transport.resume_reading()

    def _next(self) -> bool:
        """Work on the next frame, if it is whole."""
        if self.fate == "header":
            return self._greet()
        found = frames.next_frame(self._buffer, self._at, self.frame_max)
        if found is None:
            return False
        kind, number, begin, end = found
        self._at = end + 1
        self._take(kind, number, bytes(self._buffer[begin:end]))
        return True

    def _greet(self) -> bool:
        """The first eight bytes say which protocol it will be (AMQP 0-9-1, 4.2.2)."""
        first = bytes(self._buffer[:8])
        if first in (frames.HEADER_091, frames.HEADER_09):
            self._at = 8
            self.fate = "starting"
            self.send_method(0, commands.Connection.Start, *handshake.start())
            return True
        if len(first) == 8 or not frames.HEADER_091.startswith(first[:4]):
            log.warning("closed the connection of %s: it does not speak AMQP 0-9-1", self.name)
            self.send(frames.HEADER_091)
            self._close()
        return False

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        if kind > frames.BODY or kind < frames.METHOD:
            self._take_other(kind, number, payload)
        elif number and self.fate == "running":
            channel = self.channels.get(number)
            if channel is None:
                self._open_channel(kind, number, payload)
            else:
                channel.frame(kind, payload)
        elif kind == frames.METHOD and not number:
            method = methods.read(payload)
            self.act(method, lambda: self._guarded(method))
        elif self.fate != "closing":
            raise HardError(UNEXPECTED_FRAME, f"type {kind}, {frames.snipped(payload)}")

    def _take_other(self, kind: int, number: int, payload: bytes) -> None:
        """A heartbeat, or nothing that there is."""
        if self.fate == "closing":
            return
        if kind != frames.HEARTBEAT or payload:
            raise HardError(FRAME_ERROR, f"type {kind}, {frames.snipped(payload)}: unknown_frame")
        if number:
            raise HardError(UNEXPECTED_FRAME, f"type {kind}, {frames.snipped(payload)}")

    def _open_channel(self, kind: int, number: int, payload: bytes) -> None:
        method = methods.read(payload) if kind == frames.METHOD else None
        if isinstance(method, commands.Channel.CloseOk | commands.Channel.Close):
            if isinstance(method, commands.Channel.Close):  # it may have crossed with ours
                self.send_method(number, commands.Channel.CloseOk)
            return
        if not isinstance(method, commands.Channel.Open):
            raise HardError(CHANNEL_ERROR, "expected 'channel.open'")
        self.act(method, lambda: self._channel_opened(number, method))

    def _channel_opened(self, number: int, method: object) -> None:
        if number > self.channel_max or len(self.channels) >= self.channel_max:
            raise HardError(
                NOT_ALLOWED,
                f"number of channels opened ({len(self.channels)}) has reached the negotiated "
                f"channel_max ({self.channel_max})",
                method=method,
            )
        self.channels[number] = WireChannel(self, number)
        self.channels[number].engine.flowing = not self._full
        self.send_method(number, commands.Channel.OpenOk, b"")

    def _guarded(self, method: object) -> None:
        try:
            self._method(method)
        except HardError as error:
            error.method = error.method or (method if error.code != handshake.REFUSED else None)
            raise

    def _method(self, method: object) -> None:
        """A method of the connection itself."""
        match method:
            case commands.Connection.Close():
                self._leave()
                self.send_method(0, commands.Connection.CloseOk)
                self._close()
            case commands.Connection.CloseOk() if self.fate == "closing":
                self._close()
            case _ if self.fate == "closing":
                pass
            case commands.Connection.StartOk() if self.fate == "starting":
                self.fate = "tuning"
                handshake.authenticate(self, method)
                self.send_method(0, commands.Connection.Tune, *handshake.tune(self.server))
            case commands.Connection.TuneOk() if self.fate == "tuning":
                interval = handshake.tuned(self, method)
                self.fate = "opening"
                if interval:
                    self._heartbeat = Heartbeat(self.server.loop, interval, self._beat, self._dead)
            case commands.Connection.Open() if self.fate == "opening":
                handshake.check_vhost(method.virtual_host)
                if self._timer is not None:
                    self._timer.cancel()
                self.fate = "running"
                self.send_method(0, commands.Connection.OpenOk, "")
            case commands.Connection.UpdateSecret() if self.fate == "running":
                self.send_method(0, commands.Connection.UpdateSecretOk)
            case _:
                raise HardError(CHANNEL_ERROR, f"unexpected method in connection state {self.fate}")

    def act(self, method: object, act: "handshake.Act") -> None:
        """Do what a method asks, under the fault that a lesson asked for, if one is due."""
        faults = self.server.faults
        fault = faults.take(methods.NAMES[type(method)]) if faults else None  # type: ignore[index]
        if fault is None:
            act()
        elif fault.delay:
            self._busy = True
            self._task = self.server.loop.create_task(self._late(fault, act))
        else:
            self._faulty(fault, act)

    async def _late(self, fault: Fault, act: "handshake.Act") -> None:
        await asyncio.sleep(fault.delay)
        self._busy, self._task = False, None
        self._faulty(fault, act)
        self._go_on()

    def _faulty(self, fault: Fault, act: "handshake.Act") -> None:
        if not fault.refuse:
            if fault.close:
                self.fate = "closed"  # nothing that it does is answered
            try:
                act()
            except HardError as error:
                self.fail(error)
        if fault.refuse or fault.close:
            self.abort()

    # --- frames out ------------------------------------------------------------------------

    def send_method(self, number: int, kind: type[methods.Method], *values: object) -> None:
        """Send a method on a channel."""
        self.send(frames.frame(frames.METHOD, number, methods.written(kind, *values)))

    def send(self, data: bytes) -> None:
        """Send it when this turn ends."""
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size >= TURN:
            self._write()
        else:
            self.flush_soon()

    def flush_soon(self) -> None:
        """Send what was collected at the end of the turn."""
        if not self._flushing:
            self._flushing = True
            self.server.loop.call_soon(self.flush)

    @contextmanager
    def answering(self, number: int, kind: type[methods.Method], *values: object) -> Iterator[None]:
        """Send an answer before all that is pushed meanwhile, or not at all if that fails."""
        answer = frames.frame(frames.METHOD, number, methods.written(kind, *values))
        self.send(answer)
        try:
            yield
        except ChannelError:
            if answer in self._out:
                self._out.remove(answer)
            raise

    def flush(self) -> None:
        """Send what was collected, confirms last."""
        self._flushing = False
        if self.confirming:
            confirming, self.confirming = self.confirming, {}
            for channel in confirming:
                channel.confirms.send()
        if self._out:
            self._write()

    def _write(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        self._out_size = 0
        if self._transport is None or self._transport.is_closing() or self.fate == "closed":
            return
        if not self.server.keep():
            return
        if self._heartbeat is not None:
            self._heartbeat.sent = True
        self._transport.write(data)

    @property
    def waiting_bytes(self) -> int:
        """How much is to be sent and not taken by the system yet."""
        held = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self._out_size + held

    # --- heartbeats and alarms -------------------------------------------------------------

    def _beat(self) -> None:
        self.send(frames.ALIVE)

    def _dead(self) -> None:
        """Two heartbeats were missed."""
        if self._waits:
            return  # it was not read from
        self.abort("missed heartbeats")

    def _too_slow(self) -> None:
        self.abort("its handshake took too long")

    def published(self) -> None:
        """A message came: while an alarm is on, its publisher is not read from any more (RabbitMQ,
        "Blocked Connection Notifications")."""
        reason = self.server.alarm
        if reason and not self.blocked:
            self.blocked = True
            if self.capabilities.get("connection.blocked") is True:
                self.send_method(0, commands.Connection.Blocked, reason)

    def unblock(self) -> None:
        """The alarm is over."""
        if self.blocked:
            self.blocked = False
            if self.capabilities.get("connection.blocked") is True:
                self.send_method(0, commands.Connection.Unblocked)
            self._go_on()

    # --- the end ---------------------------------------------------------------------------

    def fail(self, error: HardError) -> None:
        """Close the connection for a mistake of the client's: it is told the code."""
        log.warning("closing the connection of %s: %s", self.name, error.text)
        self._leave()
        if not handshake.may_be_told(self, error):
            self._close()
            return
        index = methods.index(error.method)
        self.send_method(0, commands.Connection.Close, error.code, error.text, *index)
        self.fate = "closing"
        if error.lost:
            self._close(GRACE)
        else:
            self._due(CLOSING)

    def force_closed(self) -> None:
        """Its node is shut down, and says so (RabbitMQ's `rabbit_reader`)."""
        reason = "broker forced connection closure with reason 'shutdown'"
        self.fail(HardError(CONNECTION_FORCED, reason, lost=True))

    def abort(self, why: str = "") -> None:
        """End the connection at once."""
        if why:
            log.warning("closed the connection of %s: %s", self.name, why)
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._leave()
        self.fate = "closed"

    def _leave(self) -> None:
        """Give back all that its channels hold."""
        channels = [each.engine for each in self.channels.values()]
        self.channels.clear()
        self.confirming.clear()
        self.server.broker.disconnect([self], channels, "connection lost")

    def _close(self, grace: float = 0) -> None:
        """Close the socket when all is sent."""
        self.flush()
        self.fate = "closed"
        if grace:
            self._due(grace)
        elif self._transport is not None:
            self._transport.close()
            self._due(CLOSING)

    def _due(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.server.loop.call_later(seconds, self.abort)
