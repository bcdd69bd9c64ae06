"""Record batches as a client writes them."""

import struct

import google_crc32c


def batch_of(*values: bytes, base: int = 0) -> bytes:
    """Records with these values, one after the other from offset `base` on (Kafka, "Record
    Batch")."""
    records = b"".join(_record(delta, value) for delta, value in enumerate(values))
    rest = struct.pack(">hiqqqhii", 0, len(values) - 1, 0, 0, 5, 0, 0, len(values)) + records
    checked = b"\x02" + google_crc32c.value(rest).to_bytes(4, "big") + rest
    return struct.pack(">qii", base, len(checked) + 4, 0) + checked


def _record(delta: int, value: bytes) -> bytes:
    body = b"\x00\x00" + _varint(delta) + _varint(-1) + _varint(len(value)) + value + b"\x00"
    return _varint(len(body)) + body


def _varint(number: int) -> bytes:
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes((*out, zigzag))
