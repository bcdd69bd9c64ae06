"""Tables and methods come out of bytes as they went in."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands, decode

from minibroker.wire.amqp import fields, methods, properties
from minibroker.wire.amqp.errors import HardError

NAMES = st.text(max_size=20)

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.integers(0, 2**64 - 1).map(fields.Timestamp),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)

TABLES = st.dictionaries(NAMES, VALUES, max_size=5)


@given(TABLES)
def test_a_table_comes_out_as_it_went_in(table: dict[str, Any]) -> None:
    data = fields.written_table(table)
    end, found = fields.read_table(data, 0)
    assert (end, found) == (len(data), table)
    assert [type(each) for each in found.values()] == [type(each) for each in table.values()]


@given(TABLES)
def test_pamqp_reads_the_same(table: dict[str, Any]) -> None:
    plain = {
        name: value
        for name, value in table.items()
        if isinstance(value, None | bool | int | str) and not isinstance(value, fields.Timestamp)
    }
    assert decode.field_table(fields.written_table(plain))[1] == plain


@given(st.binary(max_size=60))
def test_bytes_that_are_no_table_are_refused_or_read(data: bytes) -> None:
    try:
        end, _ = fields.read_table(data, 0)
    except (fields.Malformed, IndexError, UnicodeDecodeError, fields.struct.error):
        return
    assert 4 <= end <= len(data)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_method_are_refused_or_read(data: bytes) -> None:
    for index in (0x0A000B, 0x32000A, 0x3C0014, 0x3C0028):
        with suppress(HardError):
            methods.read(index.to_bytes(4, "big") + data)


def test_a_decimal_keeps_its_digits() -> None:
    raw = b"\x02\x00\x00\x04\xd2"
    _, table = fields.read_table(fields.longstr(b"\x05priceD" + raw), 0)
    assert table == {"price": 12.34}
    assert fields.written_table(table) == fields.longstr(b"\x05priceD" + raw)


def test_a_table_that_nests_too_deeply_is_refused() -> None:
    table: Any = 1
    for _ in range(60):
        table = [table]
    with pytest.raises(fields.Malformed, match="nested more than 32 deep"):
        fields.read_table(fields.written_table({"deep": table}), 0)


@given(TABLES, st.integers(0, 255), st.text(max_size=20), st.integers(0, 2**64 - 1))
def test_properties_come_out_as_they_went_in(
    headers: dict[str, Any], priority: int, text: str, time: int
) -> None:
    given_ = {"headers": headers, "priority": priority, "reply_to": text, "timestamp": time}
    assert properties.read(properties.written(given_)) == given_


def test_bits_are_packed_as_the_specification_says() -> None:
    """Each bit of queue.declare where the specification has it."""
    for number, name in enumerate(("passive", "durable", "exclusive", "auto_delete", "nowait")):
        bits = [False] * 5
        bits[number] = True
        data = methods.written(commands.Queue.Declare, 0, "q", *bits, {})
        assert data[8] == 1 << number
        assert getattr(methods.read(data), name) is True
