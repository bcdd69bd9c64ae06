"""No length in a request is trusted."""

import struct

import pytest

from minibroker.wire.kafka.frames import BadFrame
from minibroker.wire.kafka.messages import schema


@pytest.mark.parametrize("count", [2**31 - 1, 2**27, 5])
def test_an_array_that_cannot_be_there_is_refused_before_room_is_made_for_it(count: int) -> None:
    # The reader alone would take gigabytes for it, or end the process.
    with pytest.raises(BadFrame):
        schema("metadata", 1).read(struct.pack(">i", count) + b"\x00\x01a", 0)


def test_a_null_that_may_not_be_is_refused() -> None:
    with pytest.raises(BadFrame, match="may not be null"):
        schema("fetch", 4).read(struct.pack(">iiiibi", -1, 0, 0, 0, 0, -1), 0)


def test_a_null_that_may_be_is_read() -> None:
    assert schema("metadata", 1).read(struct.pack(">i", -1), 0).topics is None


def test_a_number_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(BadFrame):
        schema("metadata", 12).read(b"\xff\xff\xff\xff\xff\xff\x01", 0)


def test_a_tagged_field_has_to_be_as_long_as_it_says() -> None:
    # Fetch 12: replica, wait, bytes, bytes, isolation, session, epoch, no topics, none forgotten,
    # no rack; then one tagged field, the cluster's id, "ab", said to have five bytes.
    body = struct.pack(">iiiibii", -1, 0, 0, 0, 0, 0, -1) + b"\x01\x01\x01"
    good = body + b"\x01\x00\x03\x03ab"
    assert schema("fetch", 12).read(good, 0).cluster_id == "ab"
    with pytest.raises(BadFrame, match="as long as it says"):
        schema("fetch", 12).read(body + b"\x01\x00\x05\x03abcd", 0)
