"""The records inside a batch, for the few moments at which a broker must look: compaction, the
offset of a time, and the trace.

Source: Kafka's documentation, "Message Format", and ``record/CompressionType`` for the numbers of
the codecs. Snappy comes raw from librdkafka and framed from the JVM's and Python's clients.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from minibroker.log.errors import Code, LogError
from minibroker.sim.values import Value

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")

_XERIAL = b"\x82SNAPPY\x00"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record: `delta` and `timestamp` (milliseconds) are already absolute within the batch; `raw`
    are its bytes with its length before them, as they stand in the batch."""

    delta: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[Value]
    raw: bytes


def decoded(data: bytes, base_timestamp: int) -> Iterator[Decoded]:
    """All records of a batch's body, uncompressed. LogError CORRUPT_MESSAGE."""
    at = 0
    try:
        while at < len(data):
            began = at
            size, at = varint(data, at)
            end = at + size
            if size < 0 or end > len(data):
                raise IndexError
            at += 1  # attributes, which nobody uses
            timestamp, at = varint(data, at)
            delta, at = varint(data, at)
            key, at = _sized(data, at)
            value, at = _sized(data, at)
            count, at = varint(data, at)
            headers: list[Value] = []
            for _ in range(count):
                name, at = _sized(data, at)
                content, at = _sized(data, at)
                headers.append([(name or b"").decode(errors="replace"), content])
            if at != end:
                raise IndexError
            yield Decoded(
                delta, base_timestamp + timestamp, key, value, headers, bytes(data[began:end])
            )
    except IndexError:
        raise LogError(
            Code.CORRUPT_MESSAGE, f"a record at byte {at} of its batch is not whole"
        ) from None


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A zigzag varint and where it ends; IndexError beyond the data."""
    shift = number = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift > 63:
            raise IndexError


def _sized(data: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = varint(data, at)
    if size < 0:
        return None, at
    if at + size > len(data):
        raise IndexError
    return bytes(data[at : at + size]), at + size


def decompressed(codec: int, data: bytes) -> bytes:
    """The records that were compressed by `CODECS` [codec]. LogError CORRUPT_MESSAGE."""
    if codec == 0:
        return data
    import cramjam  # most servers never open a batch

    try:
        match CODECS[codec]:
            case "gzip":
                opened = cramjam.gzip.decompress(data)
            case "snappy" if data.startswith(_XERIAL):
                return b"".join(_unframed(data))
            case "snappy":
                opened = cramjam.snappy.decompress_raw(data)
            case "lz4":
                opened = cramjam.lz4.decompress(data)
            case _:
                opened = cramjam.zstd.decompress(data)
    except (cramjam.DecompressionError, IndexError) as error:
        raise LogError(
            Code.CORRUPT_MESSAGE, f"a batch of codec {codec} cannot be decompressed: {error}"
        ) from None
    return bytes(opened)


def compressed(codec: int, data: bytes) -> bytes:
    """The other way."""
    if codec == 0:
        return data
    import cramjam

    match CODECS[codec]:
        case "gzip":
            return bytes(cramjam.gzip.compress(data))
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(data))
        case "lz4":
            return bytes(cramjam.lz4.compress(data))
        case _:
            return bytes(cramjam.zstd.compress(data))


def _unframed(data: bytes) -> Iterator[bytes]:
    """Snappy as the JVM library frames it: 16 bytes of header, then blocks after their length."""
    import cramjam

    at = 16
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield bytes(cramjam.snappy.decompress_raw(data[at + 4 : at + 4 + size]))
        at += 4 + size
