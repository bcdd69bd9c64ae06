"""Requests as they stand in a stream of bytes: four bytes of length, then a header, then a body.

Source: Kafka's protocol guide, "Common Request and Response Structure". A client id of any length
is read without copying the rest.
"""

from dataclasses import dataclass

LARGEST = 100 * 1024 * 1024
"""``socket.request.max.bytes``: a longer request ends its connection."""

API_VERSIONS = 18


class BadFrame(Exception):
    """What came cannot be a request; the text says why. Its connection ends."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a request. `at` is where what follows the client id begins: in a flexible
    version the header's tagged fields, else the body."""

    key: int
    version: int
    correlation: int
    client_id: str
    at: int


def next_frame(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Begin and end of the frame whose length stands at `at`; None while it is not whole. BadFrame
    for a length that no request has."""
    if len(buffer) - at < 4:
        return None
    size = int.from_bytes(buffer[at : at + 4], "big", signed=True)
    if not 8 <= size <= LARGEST:
        raise BadFrame(f"a request of {size} bytes is not taken, the limit is {LARGEST}")
    end = at + 4 + size
    return (at + 4, end) if len(buffer) >= end else None


def header(frame: bytes) -> Header:
    """BadFrame if it ends within its header."""
    key = int.from_bytes(frame[0:2], "big", signed=True)
    version = int.from_bytes(frame[2:4], "big", signed=True)
    correlation = int.from_bytes(frame[4:8], "big", signed=True)
    length = int.from_bytes(frame[8:10], "big", signed=True)
    at = 10 + max(length, 0)
    if at > len(frame):
        raise BadFrame("the request ends within its header")
    return Header(key, version, correlation, frame[10:at].decode(errors="replace"), at)


def after_tags(frame: bytes, at: int) -> int:
    """Where the body begins after the header's tagged fields, which say nothing to us."""
    count, at = _uvarint(frame, at)
    for _ in range(count):
        _, at = _uvarint(frame, at)
        size, at = _uvarint(frame, at)
        at += size
        if at > len(frame):
            raise BadFrame("the request ends within its tagged fields")
    return at


def _uvarint(frame: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(frame) and shift < 35:
        byte = frame[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise BadFrame("the request ends within a number")


def response(correlation: int, body: bytes, *, flexible: bool) -> bytes:
    """A response as it is sent."""
    head = b"\x00" if flexible else b""
    size = 4 + len(head) + len(body)
    return size.to_bytes(4, "big") + correlation.to_bytes(4, "big", signed=True) + head + body
