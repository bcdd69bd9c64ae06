"""HTTP/1.1 as far as the clients of AWS speak it (RFC 9112): requests with a Content-Length,
answers in their order, the connection kept open.

Rule: no request, however wrong, does more than to be answered with an error, and what is no HTTP
ends its own connection only. One request is worked on at a time; those behind it wait in the
buffer, and when that is full the client is not read from.

A server is a function from a `Request` to a `Response`, or to a future of one for a call that has
to wait; None ends the connection without an answer. If the client goes meanwhile, the future is
given `Gone`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

log = logging.getLogger(__name__)

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 16 * 1024 * 1024
"""A batch of 1 MiB may be nine times as long in a form."""

ENOUGH = 1024 * 1024
"""Bytes that may wait behind a request before the client is not read from any more."""

REASONS = {
    200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    411: "Length Required", 413: "Content Too Large", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
    503: "Service Unavailable", 505: "HTTP Version Not Supported",
}  # fmt: skip


class Request(NamedTuple):
    """One request; the names of `headers` are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """An answer; `headers` are those beside its length."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wrong(Exception):
    """What came is no request that this server reads; it is answered so and the connection ends."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Gone(Exception):
    """The client has closed the connection while its request waited."""


Answer = Response | None
Handler = Callable[[Request], "Answer | asyncio.Future[Answer]"]


class Connection(asyncio.Protocol):
    """One client's connection. `open` is the set that it is in while it is open."""

    def __init__(self, handler: Handler, open: "set[Connection]") -> None:
        self._handler, self._open = handler, open
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._seen = 0
        self._waiting: asyncio.Future[Answer] | None = None
        self._paused = self._full = self._ending = False
        self._keeps = True

    # --- what the event loop calls ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone, and who waits for its request is told."""
        self._open.discard(self)
        self._transport = None
        self._buffer.clear()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Gone())

    def data_received(self, data: bytes) -> None:
        """More bytes of requests."""
        if self._ending:
            return
        self._buffer += data
        if not self._waits:
            self._go_on()
        if self._waits and len(self._buffer) > ENOUGH and not self._paused and self._transport:
            self._paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more; it may still read."""
        return self._waiting is not None and bool(self._buffer)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._full = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._full = False
        if not self._waits:
            self._go_on()

    # --- requests --------------------------------------------------------------------------

    @property
    def _waits(self) -> bool:
        return self._waiting is not None or self._full

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def _go_on(self) -> None:
        """Work on the requests that are whole, until one has to wait."""
        try:
            while self._transport is not None and not (self._waits or self._ending):
                found = self._next()
                if found is None:
                    break
                self._take(found)
        except Wrong as wrong:
            log.info("refused what a client sent: %s", wrong.text)
            self._keeps = False
            self._write(
                Response(wrong.status, {"Content-Type": "text/plain"}, f"{wrong.text}\n".encode())
            )
        if self._paused and not self._waits and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _next(self) -> Request | None:
        """The next whole request, taken off the buffer."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n", max(0, self._seen - 3))
        if end < 0:
            self._seen = len(buffer)
            if self._seen > LARGEST_HEAD:
                raise Wrong(431, f"the head of a request has more than {LARGEST_HEAD} bytes")
            return None
        if end > LARGEST_HEAD:
            raise Wrong(431, f"the head of a request has more than {LARGEST_HEAD} bytes")
        self._seen = end
        method, target, version, headers = _head(buffer[:end].decode("latin-1"))
        length = _length(headers)
        begin = end + 4
        if len(buffer) < begin + length:
            if headers.get("expect", "").lower() == "100-continue" and len(buffer) == begin:
                assert self._transport is not None
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = bytes(buffer[begin : begin + length])
        del buffer[: begin + length]
        self._seen = 0
        asked = headers.get("connection", "").lower()
        self._keeps = asked != "close" if version == "HTTP/1.1" else asked == "keep-alive"
        return Request(method, target, headers, body)

    def _take(self, request: Request) -> None:
        try:
            answer = self._handler(request)
        except Exception:
            self._failed()
            return
        if not isinstance(answer, asyncio.Future):
            self._write(answer)
            return
        self._waiting = answer
        answer.add_done_callback(self._answered)

    def _answered(self, future: "asyncio.Future[Answer]") -> None:
        self._waiting = None
        if future.cancelled():
            self.abort()
            return
        error = future.exception()
        if error is None:
            self._write(future.result())
            if not self._waits:
                self._go_on()
        elif not isinstance(error, Gone):
            log.error("a request failed", exc_info=error)
            self.abort()

    def _failed(self) -> None:
        """The handler raised what it must not: a defect of ours, which only this client feels."""
        log.exception("a request failed")
        self._write(Response(500, {"Content-Type": "text/plain"}, b"the request failed\n"))

    def _write(self, answer: Answer) -> None:
        if self._transport is None:
            return
        if answer is None:
            self.abort()
            return
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Error')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines.append(f"Content-Length: {len(answer.body)}")
        if not self._keeps:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        self._transport.write(head + b"\r\n\r\n" + answer.body)
        if not self._keeps:
            self._ending = True
            self._transport.close()


def _head(text: str) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = text.lstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[0].isalpha() or not words[1]:
        raise Wrong(400, "this is no request of HTTP/1.1")
    if words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Wrong(505, "only HTTP/1.1 is spoken here")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Wrong(400, "a header is not written as name: value")
        name = name.lower()
        value = value.strip(" \t")
        if name == "content-length" and headers.get(name, value) != value:
            raise Wrong(400, "there are two lengths")
        headers[name] = value
    return words[0], words[1], words[2], headers


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Wrong(411, "a body is taken with its Content-Length only")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise Wrong(400, "the Content-Length is no number of bytes")
    if int(text) > LARGEST_BODY:
        raise Wrong(413, f"a body of more than {LARGEST_BODY} bytes is not taken")
    return int(text)
