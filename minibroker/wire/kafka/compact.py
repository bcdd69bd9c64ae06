"""Arrays and strings as the two kinds of versions write them (KIP-482), for the responses that are
written by hand."""

from collections.abc import Sequence
from functools import lru_cache


def array(compact: bool, items: Sequence[bytes]) -> bytes:
    """An array of what is written already."""
    count = uvarint(len(items) + 1) if compact else len(items).to_bytes(4, "big")
    return count + b"".join(items)


@lru_cache(maxsize=1024)
def text(compact: bool, content: str | None) -> bytes:
    """A string that may be null."""
    if content is None:
        return b"\x00" if compact else b"\xff\xff"
    data = content.encode()
    return (uvarint(len(data) + 1) if compact else len(data).to_bytes(2, "big")) + data


def uvarint(number: int) -> bytes:
    """A number of seven bits a byte, the lowest first."""
    if number < 0x80:
        return bytes((number,))
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
