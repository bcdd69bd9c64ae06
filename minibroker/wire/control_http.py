"""As much of HTTP/1.1 as the control needs: one request a connection, no chunks."""

import asyncio
import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

LARGEST = 64 * 1024
"""Bytes of a request's head, and of its body."""

PATIENCE = 10.0
"""Seconds in which a request must have come, and in which each piece of an answer must be taken."""

_REASONS = {
    200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    409: "Conflict", 413: "Content Too Large", 500: "Internal Server Error",
}  # fmt: skip


class Refused(Exception):
    """The request is answered with this status and sentence."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Request(NamedTuple):
    """One request; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read(reader: asyncio.StreamReader) -> Request | None:
    """A request; None if it is not whole when the client goes."""
    try:
        start = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise Refused(413, f"the head of a request has more than {LARGEST} bytes") from None
    first, *lines = start.decode("latin-1").rstrip().split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):
        raise Refused(400, "this is no request of HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Refused(400, "a header has no colon")
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise Refused(400, "a body is taken with its Content-Length only")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 10:
        raise Refused(400, "the Content-Length is no number of bytes")
    if int(length) > LARGEST:
        raise Refused(413, f"a body of more than {LARGEST} bytes is not taken")
    with suppress(asyncio.IncompleteReadError):
        return Request(words[0], words[1], headers, await reader.readexactly(int(length)))
    return None


def check_from_here(request: Request) -> None:
    """Raise for what a web page sends: see `minibroker.wire.control`."""
    name = request.headers.get("host", "")
    host = name.rpartition(":")[0] if not name.endswith("]") and ":" in name else name
    if "origin" in request.headers or not is_loopback(host.strip("[]")):
        raise Refused(403, "only programs on this machine are answered, no web page; use 127.0.0.1")


def only(method: str, request: Request) -> None:
    """Raise for another method."""
    if request.method != method:
        raise Refused(405, f"{request.path[:60]} takes {method} only")


def head(status: int, kind: str) -> bytes:
    """How an answer begins."""
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n"
    ).encode()


async def write(writer: asyncio.StreamWriter, *data: bytes) -> None:
    """TimeoutError if nobody takes it."""
    writer.writelines(data)
    async with asyncio.timeout(PATIENCE):
        await writer.drain()


def is_loopback(host: str) -> bool:
    """Whether only this machine is called so."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
