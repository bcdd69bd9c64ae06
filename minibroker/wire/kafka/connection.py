"""One client's connection: frames in, answers out, in the order in which the requests came.

Rule: what cannot be a request ends this connection with a line in the log, and nothing else. One
request is worked on at a time, as Kafka does by muting the channel; those behind it wait in the
buffer, and when that is full the client is not read from.
"""

import asyncio
import logging
from inspect import isawaitable
from typing import cast

from minibroker.wire.kafka import apis, frames
from minibroker.wire.kafka.broker import Broker
from minibroker.wire.kafka.call import Answered, Call
from minibroker.wire.kafka.faults import Fault, Refusing
from minibroker.wire.kafka.frames import BadFrame, Header
from minibroker.wire.kafka.messages import NAMES, Schema

log = logging.getLogger(__name__)

ENOUGH = 1024 * 1024
"""Bytes that may wait in the buffer before the client is not read from any more, but for a request
that is longer."""

CLOSING = 0.1
"""Seconds in which a client may read why its connection ends
(``connection.failed.authentication.delay.ms``)."""


class Connection(asyncio.Protocol):
    """See the module's docstring. `principal` is who has authenticated, empty before that."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.principal = ""
        self.mechanism = ""
        self.peer = "?"
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._at = 0
        self._busy = False
        self._paused = self._full = False
        self._ending = False
        self._last = ""
        self._task: asyncio.Future[None] | None = None

    # --- what the event loop calls ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        self.broker.connections.add(self)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if name else "?"

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone, and what was being worked on for it is left."""
        self.broker.connections.discard(self)
        self._transport = None
        self._buffer.clear()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """More bytes of requests."""
        if self._ending:
            return
        self._buffer += data
        if not self._busy:
            self._go_on()
        if self._waits and len(self._buffer) > ENOUGH and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._full = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._full = False
        if not self._busy:
            self._go_on()

    # --- requests --------------------------------------------------------------------------

    @property
    def _waits(self) -> bool:
        """Whether what is in the buffer has to wait: for the request before it, or for a client
        that does not read its answers."""
        return self._busy or self._full

    def abort(self, why: str = "") -> None:
        """End the connection at once."""
        if why:
            log.warning("closed the connection of %s: %s", self.peer, why)
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def close_after_answer(self, why: str) -> None:
        """End the connection when the answer that is being made is sent."""
        self._ending, self._last = True, why

    def _go_on(self) -> None:
        """Work on the frames that are whole, until one has to wait."""
        try:
            while self._transport is not None and not (self._waits or self._ending):
                found = frames.next_frame(self._buffer, self._at)
                if found is None:
                    break
                begin, self._at = found
                self._take(bytes(self._buffer[begin : self._at]))
        except BadFrame as error:
            self.abort(str(error))
            return
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        if self._paused and not self._waits and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _take(self, frame: bytes) -> None:
        head = frames.header(frame)
        found = apis.found(head.key, head.version)
        if found is None:
            if head.key == frames.API_VERSIONS:
                self.send(frames.response(head.correlation, apis.unsupported(), flexible=False))
                return
            name = NAMES.get(head.key, "of no known kind")
            raise BadFrame(f"a request {name} ({head.key}), version {head.version}, is not served")
        api, form = found
        if self.broker.server.must_authenticate and not (self.principal or api.before_sasl):
            raise BadFrame(f"{api.name} before the client has authenticated")
        try:
            at = frames.after_tags(frame, head.at) if form.flexible else head.at
            request = form.read(frame, at)
        except BadFrame:
            raise
        except Exception as error:
            raise BadFrame(f"a request {api.name}, version {head.version}: {error!r}") from None
        fault = self.broker.server.faults.take(api.name) if self.broker.server.faults else None
        cluster = self.broker.server.cluster
        if fault is not None and fault.error is not None:
            cluster = Refusing.of(fault.error)
        call = Call(
            self.broker, self, cluster, head.version, request, form.response, head.client_id
        )
        if fault is not None and (fault.delay or fault.refuse or fault.close):
            self._work(self._at_fault(api, call, fault), call, head, form)
            return
        try:
            answered = api.answer(call)
        except Exception:
            self._failed(form)
            return
        if isawaitable(answered):
            self._work(answered, call, head, form)
        else:
            self._reply(answered, call, head, form)

    def _failed(self, form: Schema) -> None:
        """A handler raised what it must not: a defect of ours, which only this client feels."""
        log.exception("%s, version %s, of %s failed", form.name, form.version, self.peer)
        self.abort("the request failed")

    def _work(self, awaited: Answered, call: Call, head: Header, form: Schema) -> None:
        async def work() -> None:
            try:
                answer = await awaited
            except asyncio.CancelledError:
                raise
            except Exception:
                self._failed(form)
                return
            finally:
                self._busy, self._task = False, None
            if self._transport is not None:
                self._reply(answer, call, head, form)
                self._go_on()

        self._busy = True
        self._task = asyncio.ensure_future(work())

    async def _at_fault(self, api: apis.Api, call: Call, fault: Fault) -> object:
        """What a lesson asked to go wrong with this request."""
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.refuse:
            self.abort()
            return None
        answer = api.answer(call)
        if isawaitable(answer):
            answer = await answer
        if fault.close:
            self.abort()
            return None
        return answer

    def _reply(self, answer: object, call: Call, head: Header, form: Schema) -> None:
        if answer is None:
            return
        try:
            body = answer if isinstance(answer, bytes) else form.written(answer)
        except Exception:
            self._failed(form)
            return
        flexible = form.flexible and head.key != frames.API_VERSIONS
        if call.when_sent is not None:
            call.when_sent()
        self.send(frames.response(head.correlation, body, flexible=flexible))

    def send(self, data: bytes) -> None:
        """Send an answer; the server keeps it back until what it confirms is on the disk."""
        self.broker.server.send(self, data)

    def write(self, data: bytes) -> None:
        """Send it now."""
        if self._transport is None:
            return
        self._transport.write(data)
        if self._last:
            log.warning("closing the connection of %s: %s", self.peer, self._last)
            self._last = ""
            self.broker.server.loop.call_later(CLOSING, self.abort)
