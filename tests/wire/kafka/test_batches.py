"""Record batches as bytes: what is read of them, and what is written back."""

import struct
from collections.abc import Sequence

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibroker.log.batch import Batch
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka import records
from minibroker.wire.kafka.batches import BYTES, PREFIX, opened, parsed, written

Pairs = Sequence[tuple[bytes | None, bytes | None]]


def varint(number: int) -> bytes:
    """As a producer writes it."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def sized(data: bytes | None) -> bytes:
    """A length and what has it."""
    return varint(-1) if data is None else varint(len(data)) + data


def payload(pairs: Pairs, *, codec: int = 0, first: int = 1_000, attributes: int = 0) -> bytes:
    """What a producer sends of these keys and values, a millisecond between them."""
    body = b""
    for delta, (key, value) in enumerate(pairs):
        record = b"\0" + varint(delta) + varint(delta) + sized(key) + sized(value)
        record += varint(1) + sized(b"trace") + sized(b"7")
        body += varint(len(record)) + record
    rest = struct.pack(
        ">hiqqqhii",
        codec | attributes,
        len(pairs) - 1,
        first,
        first + len(pairs) - 1,
        -1,
        -1,
        -1,
        len(pairs),
    ) + records.compressed(codec, body)
    crc: int = google_crc32c.value(rest)
    return b"\x02" + crc.to_bytes(4, "big") + rest


PAIRS = st.lists(
    st.tuples(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=200)),
    min_size=1,
    max_size=30,
)


@given(pairs=PAIRS, codec=st.integers(0, 4))
def test_every_record_is_read_whatever_compressed_it(pairs: Pairs, codec: int) -> None:
    data = payload(pairs, codec=codec)
    assert [(each.key, each.value) for each in BYTES.shown(data)] == list(pairs)
    assert [each.headers for each in BYTES.shown(data)] == [[["trace", b"7"]]] * len(pairs)
    entries = BYTES.entries(data)
    assert [each.delta for each in entries] == list(range(len(pairs)))
    assert [each.timestamp for each in entries] == [1_000 + n for n in range(len(pairs))]
    assert [each.tombstone for each in entries] == [value is None for _, value in pairs]


@given(pairs=PAIRS, codec=st.integers(0, 4), data=st.data())
def test_what_compaction_keeps_stays_as_it_was(
    pairs: Pairs, codec: int, data: st.DataObject
) -> None:
    deltas = data.draw(st.sets(st.integers(0, len(pairs) - 1)))
    kept, size = BYTES.kept(payload(pairs, codec=codec), deltas)
    assert isinstance(kept, bytes)
    assert size == PREFIX + len(kept)
    batch = opened(kept)  # its checksum is right
    assert batch.records == len(deltas)
    assert batch.last_delta == len(pairs) - 1
    assert [each.delta for each in BYTES.entries(kept)] == sorted(deltas)
    assert [(each.key, each.value) for each in BYTES.shown(kept)] == [
        pairs[delta] for delta in sorted(deltas)
    ]


def test_a_batch_comes_back_as_it_was_but_for_what_the_leader_stamps() -> None:
    data = payload([(b"order-1", b"42")])
    batch = opened(data, base_offset=7, epoch=3)
    out = written(batch)
    assert out[PREFIX:] == data
    assert struct.unpack_from(">qii", out) == (7, len(data) + 4, 3)
    assert list(parsed(out)) == [batch]
    assert list(parsed(out + out)) == [batch, batch]


def test_a_brokers_own_time_is_written_into_the_batch() -> None:
    data = payload([(None, b"a"), (None, b"b")])
    batch = opened(data, 0, 0)
    stamped = Batch(data, 2, batch.size, 9_999, 9_999, base_offset=0, last_delta=1, leader_epoch=0)
    [again] = parsed(written(stamped))
    assert again.max_timestamp == 9_999
    assert isinstance(again.payload, bytes)
    assert [each.timestamp for each in BYTES.entries(again.payload)] == [9_999, 9_999]


@pytest.mark.parametrize("control", ["commit", "abort"])
def test_a_control_batch_is_read_as_what_was_written(control: str) -> None:
    marker = Batch(
        payload=(),
        records=1,
        size=78,
        first_timestamp=5,
        max_timestamp=5,
        base_offset=3,
        leader_epoch=0,
        producer_id=7,
        producer_epoch=1,
        transactional=True,
        control="commit" if control == "commit" else "abort",
    )
    data = written(marker)
    assert len(data) == 78
    [again] = parsed(data)
    assert (again.control, again.producer_id, again.producer_epoch) == (control, 7, 1)
    assert (again.transactional, again.base_offset) == (True, 3)


@given(at=st.integers(5, 60), bit=st.integers(0, 7))
def test_a_flipped_bit_is_seen(at: int, bit: int) -> None:
    data = bytearray(payload([(b"order-1", b"42" * 20)]))
    data[at] ^= 1 << bit
    with pytest.raises(LogError) as caught:
        opened(bytes(data))
    assert caught.value.code is Code.CORRUPT_MESSAGE


@given(cut=st.integers(1, 120))
def test_a_batch_that_is_not_whole_is_refused(cut: int) -> None:
    data = written(opened(payload([(b"order-1", b"42" * 50)]), 0, 0))
    with pytest.raises(LogError) as caught:
        list(parsed(data[:-cut]))
    assert caught.value.code is Code.CORRUPT_MESSAGE


def test_an_old_format_is_refused_by_its_name() -> None:
    data = bytearray(written(opened(payload([(None, b"a")]), 0, 0)))
    data[PREFIX] = 1
    with pytest.raises(LogError, match="message format 1") as caught:
        list(parsed(bytes(data)))
    assert caught.value.code is Code.UNSUPPORTED_FOR_MESSAGE_FORMAT


def test_records_that_are_none_are_corrupt() -> None:
    data = bytearray(payload([(None, b"abc")]))
    data[45] = 0x7F  # the first record is longer than the batch
    sealed = b"\x02" + google_crc32c.value(bytes(data[5:])).to_bytes(4, "big") + bytes(data[5:])
    with pytest.raises(LogError) as caught:
        BYTES.entries(sealed)
    assert caught.value.code is Code.CORRUPT_MESSAGE


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_what_cannot_be_decompressed_is_corrupt(codec: int) -> None:
    with pytest.raises(LogError) as caught:
        records.decompressed(codec, b"\x00\x01this is nothing")
    assert caught.value.code is Code.CORRUPT_MESSAGE
