"""Kafka's own bytes of a batch's records, as a client writes them."""

import struct

import google_crc32c


def as_bytes(
    records,
    *,
    producer_id=-1,
    producer_epoch=-1,
    base_sequence=-1,
    transactional=False,
):
    """A batch from after its leader epoch on."""
    first = records[0].timestamp
    body = b"".join(_record(record, first) for record in records)
    rest = struct.pack(
        ">hiqqqhii",
        0x10 if transactional else 0,
        records[-1].delta,
        first,
        max(record.timestamp for record in records),
        producer_id,
        producer_epoch,
        base_sequence,
        len(records),
    )
    rest += body
    return b"\x02" + struct.pack(">I", google_crc32c.value(rest)) + rest


def _record(record, first):
    content = b"\x00" + _varint(record.timestamp - first) + _varint(record.delta)
    content += _sized(record.key) + _sized(record.value) + _varint(0)
    return _varint(len(content)) + content


def _sized(data):
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(number):
    number = (number << 1) ^ (number >> 63)
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])
