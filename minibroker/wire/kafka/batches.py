"""Record batches as they come over the wire and lie on disk: bytes whose header alone is read.

Theory of operation. A batch is 61 bytes of header and then its records, perhaps compressed
(Kafka, "Record Batch"). The first 16 bytes, offset and length and leader epoch, are the leader's to
set and not under the checksum; the rest goes from the producer to the log, to the followers and to
the consumers as it is. So a batch's payload in the engine is all after those 16 bytes, and what
`written` puts before it is made when it is sent. Only a time of the broker's own
(``message.timestamp.type=LogAppendTime``) has to be written into the rest.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

import google_crc32c

from minibroker.log.batch import Batch, Entry, Shown
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.records import Decoded, compressed, decoded, decompressed

PREFIX = 16
"""Bytes of a batch that are not of its payload."""

HEADER = 61
"""Bytes before the records."""

_PREFIX = struct.Struct(">qii")
_REST = struct.Struct(">bIhiqqqhii")
"""magic, crc, attributes, last offset delta, first and max timestamp, producer id and epoch, base
sequence, count of records"""

_CHECKED = 5  # the checksum is of all after magic and itself
_AFTER_CHECK = struct.Struct(">hiqqqhii")
_MAX_TIMESTAMP_AT = 19
_MAX_TIMESTAMP = struct.Struct(">q")

_CODEC, _APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20


def parsed(data: bytes) -> Iterator[Batch]:
    """The batches in `data`, one after the other, each with its offsets as it says. LogError
    CORRUPT_MESSAGE (not whole, or a wrong checksum), INVALID_RECORD (a count of records that cannot
    be), UNSUPPORTED_FOR_MESSAGE_FORMAT (older than Kafka 0.11)."""
    at = 0
    while at < len(data):
        if len(data) - at < HEADER:
            raise LogError(Code.CORRUPT_MESSAGE, f"{len(data) - at} bytes are no record batch")
        base_offset, length, epoch = _PREFIX.unpack_from(data, at)
        end = at + 12 + length
        if data[at + PREFIX] != 2:
            raise LogError(
                Code.UNSUPPORTED_FOR_MESSAGE_FORMAT,
                f"a batch of message format {data[at + PREFIX]} is not taken: Kafka 4 takes format "
                "2, which clients write since Kafka 0.11",
            )
        if length < HEADER - 12 or end > len(data):
            raise LogError(
                Code.CORRUPT_MESSAGE,
                f"a batch says it has {length + 12} bytes, and {len(data) - at} are there",
            )
        yield opened(data[at + PREFIX : end], base_offset, epoch)
        at = end


def opened(payload: bytes, base_offset: int = -1, epoch: int = -1) -> Batch:
    """The batch with this payload; its header is read and its checksum compared."""
    (
        _, crc, attributes, last_delta, first, newest, producer, producer_epoch, sequence, count,
    ) = _REST.unpack_from(payload)  # fmt: skip
    if google_crc32c.value(payload[_CHECKED:]) != crc:
        raise LogError(Code.CORRUPT_MESSAGE, "the checksum of a batch is wrong; send it again")
    control = attributes & _CONTROL
    if last_delta < 0 or count < 0 or (count > last_delta + 1) or attributes & _CODEC > 4:
        raise LogError(
            Code.INVALID_RECORD,
            f"a batch cannot have {count} records up to offset {last_delta} of its own",
        )
    return Batch(
        payload=payload,
        records=count,
        size=PREFIX + len(payload),
        first_timestamp=first,
        max_timestamp=newest,
        base_offset=base_offset,
        last_delta=last_delta,
        leader_epoch=epoch,
        producer_id=producer,
        producer_epoch=producer_epoch,
        base_sequence=sequence,
        transactional=bool(attributes & _TRANSACTIONAL),
        control=_control(payload) if control else None,
    )


def written(batch: Batch) -> bytes:
    """The batch as bytes, stamped with its offset and leader epoch."""
    payload = batch.payload or _marker(batch)
    assert isinstance(payload, bytes)
    if _MAX_TIMESTAMP.unpack_from(payload, _MAX_TIMESTAMP_AT)[0] != batch.max_timestamp:
        payload = _restamped(payload, batch.max_timestamp)
    return _PREFIX.pack(batch.base_offset, len(payload) + 4, batch.leader_epoch) + payload


class BytesCodec:
    """See `minibroker.log.batch.Codec`: payloads are bytes, opened only when they must be."""

    def entries(self, payload: object) -> Sequence[Entry]:
        """What compaction and looking up a time ask for."""
        return [
            Entry(each.delta, each.key, each.value is None, each.timestamp)
            for each in _decoded(cast("bytes", payload))
        ]

    def shown(self, payload: object) -> Sequence[Shown]:
        """All records, opened for the trace."""
        if not payload:
            return []
        opened = _decoded(cast("bytes", payload))
        return [Shown(each.key, each.value, each.headers) for each in opened]

    def kept(self, payload: object, deltas: Collection[int]) -> tuple[object, int]:
        """Those of these deltas, compressed as they were."""
        before = cast("bytes", payload)
        header = list(_REST.unpack_from(before))
        kept = [each for each in _decoded(before) if each.delta in deltas]
        body = compressed(header[2] & _CODEC, b"".join(each.raw for each in kept)) if kept else b""
        header[9] = len(kept)
        if kept and not header[2] & _APPEND_TIME:
            header[5] = max(each.timestamp for each in kept)
        after = _sealed(_AFTER_CHECK.pack(*header[2:]) + body)
        return after, PREFIX + len(after)


BYTES = BytesCodec()


def _decoded(payload: bytes) -> Iterator[Decoded]:
    _, _, attributes, _, first, newest, _, _, _, count = _REST.unpack_from(payload)
    body = payload[HEADER - PREFIX :]
    if not count:
        return iter(())
    found = decoded(decompressed(attributes & _CODEC, body), first)
    if attributes & _APPEND_TIME:
        return (replace(each, timestamp=newest) for each in found)
    return found


def _control(payload: bytes) -> Literal["commit", "abort"]:
    """Which end of a transaction a control batch marks: the key of its one record says."""
    for record in _decoded(payload):
        if record.key is not None and len(record.key) >= 4:
            return "commit" if record.key[2:4] == b"\x00\x01" else "abort"
    raise LogError(Code.INVALID_RECORD, "a control batch has no key that says what it marks")


def _marker(batch: Batch) -> bytes:
    """The payload of a control batch, which the engine appends without one ("Control Batches"): a
    record whose key is version 0 and the type, and whose value the coordinator's epoch, 0."""
    key = b"\x00\x00" + (b"\x00\x01" if batch.control == "commit" else b"\x00\x00")
    record = b"\x00\x00\x00\x08" + key + b"\x0c" + bytes(6) + b"\x00"
    header = _AFTER_CHECK.pack(
        _TRANSACTIONAL | _CONTROL,
        0,
        batch.first_timestamp,
        batch.max_timestamp,
        batch.producer_id,
        batch.producer_epoch,
        -1,
        1,
    )
    return _sealed(header + bytes([len(record) << 1]) + record)


def _restamped(payload: bytes, timestamp: int) -> bytes:
    """All its records bear the broker's time."""
    header = list(_REST.unpack_from(payload))
    header[2] |= _APPEND_TIME
    header[5] = timestamp
    return _sealed(_AFTER_CHECK.pack(*header[2:]) + payload[HEADER - PREFIX :])


def _sealed(rest: bytes) -> bytes:
    crc: int = google_crc32c.value(rest)
    return b"\x02" + crc.to_bytes(4, "big") + rest
