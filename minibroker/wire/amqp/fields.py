"""Fields of methods and tables as they stand in a frame (AMQP 0-9-1, 4.2.5; RabbitMQ's errata,
"Field types").

Tables hold more types than a `Value` tells apart. What a client sent is written again with its own
type: a timestamp is a `Timestamp`, a decimal a `Decimal`, both of them numbers to the engine.
Integers of all widths are one type, as they are to every client.

>>> at, table = read_table(written_table({"x": 1, "y": [None, True, "z"]}), 0)
>>> table
{'x': 1, 'y': [None, True, 'z']}
"""

import struct
from collections.abc import Callable, Mapping

from minibroker.sim.values import MOST_DEEP, Value


class Timestamp(int):
    """Seconds since 1970."""


class Decimal(float):
    """A decimal number; `raw` are its scale and digits as they were sent."""

    raw: bytes

    def __new__(cls, raw: bytes) -> "Decimal":
        """From the five bytes of it."""
        number = super().__new__(cls, _DECIMAL_DIGITS(raw, 1)[0] / 10.0 ** raw[0])
        number.raw = raw
        return number


class Malformed(Exception):
    """What stands there is no field of that type; the text says why."""


_DECIMAL_DIGITS = struct.Struct(">i").unpack_from
_U16 = struct.Struct(">H").unpack_from
_U32 = struct.Struct(">I").unpack_from
_U64 = struct.Struct(">Q").unpack_from


def read_short(data: bytes, at: int) -> tuple[int, int]:
    """Two bytes, unsigned."""
    return at + 2, _U16(data, at)[0]


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Four bytes, unsigned."""
    return at + 4, _U32(data, at)[0]


def read_longlong(data: bytes, at: int) -> tuple[int, int]:
    """Eight bytes, unsigned."""
    return at + 8, _U64(data, at)[0]


def read_octet(data: bytes, at: int) -> tuple[int, int]:
    """One byte."""
    return at + 1, data[at]


def read_shortstr(data: bytes, at: int) -> tuple[int, str]:
    """Up to 255 bytes of UTF-8."""
    end = at + 1 + data[at]
    if end > len(data):
        raise Malformed("a short string ends after its frame")
    return end, str(data[at + 1 : end], "utf-8")


def read_longstr(data: bytes, at: int) -> tuple[int, bytes]:
    """Any bytes."""
    end = at + 4 + _U32(data, at)[0]
    if end > len(data):
        raise Malformed("a long string ends after its frame")
    return end, data[at + 4 : end]


def read_table(data: bytes, at: int, deep: int = 0) -> tuple[int, dict[str, Value]]:
    """A field table; of two fields with one name the last one counts."""
    end = at + 4 + _U32(data, at)[0]
    if end > len(data):
        raise Malformed("a table ends after its frame")
    at, table = at + 4, {}
    while at < end:
        at, name = read_shortstr(data, at)
        at, table[name] = _read_value(data, at, deep + 1)
    if at != end:
        raise Malformed("a table's last field ends after it")
    return end, table


def _read_array(data: bytes, at: int, deep: int) -> tuple[int, list[Value]]:
    end = at + 4 + _U32(data, at)[0]
    if end > len(data):
        raise Malformed("an array ends after its frame")
    at, array = at + 4, []
    while at < end:
        at, value = _read_value(data, at, deep + 1)
        array.append(value)
    if at != end:
        raise Malformed("an array's last value ends after it")
    return end, array


def _read_value(data: bytes, at: int, deep: int) -> tuple[int, Value]:
    kind = data[at]
    found = _FIXED.get(kind)
    if found is not None:
        size, unpack = found
        return at + 1 + size, unpack(data, at + 1)[0]
    if deep > MOST_DEEP:
        raise Malformed(f"a table is nested more than {MOST_DEEP} deep")
    match kind:
        case 0x53:  # S
            end, text = read_longstr(data, at + 1)
            try:
                return end, str(text, "utf-8")
            except UnicodeDecodeError:
                return end, text
        case 0x46:  # F
            return read_table(data, at + 1, deep)
        case 0x41:  # A
            return _read_array(data, at + 1, deep)
        case 0x74:  # t
            return at + 2, data[at + 1] != 0
        case 0x54:  # T
            return at + 9, Timestamp(_U64(data, at + 1)[0])
        case 0x44:  # D
            if len(data) < at + 6:
                raise Malformed("a decimal ends after its frame")
            return at + 6, Decimal(data[at + 1 : at + 6])
        case 0x78:  # x
            return read_longstr(data, at + 1)
        case 0x56:  # V
            return at + 1, None
    raise Malformed(f"there is no type of field {chr(kind)!r}")


_Unpack = Callable[[bytes, int], tuple[Value, ...]]

_FIXED: dict[int, tuple[int, _Unpack]] = {
    ord(kind): (struct.calcsize(f">{code}"), struct.Struct(f">{code}").unpack_from)
    for kind, code in {
        "b": "b", "B": "B", "s": "h", "u": "H", "I": "i", "i": "I", "l": "q", "L": "q",
        "f": "f", "d": "d",
    }.items()
}  # fmt: skip


# --- writing ---------------------------------------------------------------------------------


def shortstr(text: str) -> bytes:
    """At most 255 bytes; a longer text is cut, which only reply texts can be."""
    data = text.encode()
    if len(data) > 255:
        data = data[:255].decode(errors="ignore").encode()
    return bytes((len(data),)) + data


def longstr(data: bytes) -> bytes:
    """With its length before it."""
    return len(data).to_bytes(4, "big") + data


def written_table(table: Mapping[str, Value]) -> bytes:
    """A field table."""
    return longstr(b"".join([shortstr(name) + _value(value) for name, value in table.items()]))


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        return b"S" + longstr(value.encode())
    if value is None:
        return b"V"
    if isinstance(value, bool):
        return b"t\1" if value else b"t\0"
    if isinstance(value, Timestamp):
        return b"T" + value.to_bytes(8, "big")
    if isinstance(value, int):
        return b"I" + value.to_bytes(4, "big", signed=True) if -(2**31) <= value < 2**31 else (
            b"l" + value.to_bytes(8, "big", signed=True)
        )  # fmt: skip
    if isinstance(value, Decimal):
        return b"D" + value.raw
    if isinstance(value, float):
        return b"d" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return b"x" + longstr(value)
    if isinstance(value, list):
        return b"A" + longstr(b"".join(map(_value, value)))
    return b"F" + written_table(value)
