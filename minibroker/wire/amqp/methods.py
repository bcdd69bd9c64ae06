"""Methods as they stand in a frame: pamqp's classes say what fields each one has.

They are read and written here, for pamqp refuses names that RabbitMQ takes, and slices a frame
for each of its fields.

>>> read(written(commands.Queue.Purge, 0, "orders", False)).queue
'orders'
"""

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from pamqp import base, commands

from minibroker.wire.amqp import fields
from minibroker.wire.amqp.errors import COMMAND_INVALID, SYNTAX_ERROR, HardError

Method: TypeAlias = base.Frame

_READERS: dict[str, Callable[[bytes, int], tuple[int, Any]]] = {
    "octet": fields.read_octet,
    "short": fields.read_short,
    "long": fields.read_long,
    "longlong": fields.read_longlong,
    "shortstr": fields.read_shortstr,
    "longstr": fields.read_longstr,
    "table": fields.read_table,
}

_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "octet": struct.Struct(">B").pack,
    "short": struct.Struct(">H").pack,
    "long": struct.Struct(">I").pack,
    "longlong": struct.Struct(">Q").pack,
    "shortstr": fields.shortstr,
    "longstr": fields.longstr,
    "table": fields.written_table,
}


def _spelt(method: type[base.Frame]) -> str:
    """``Basic.RecoverAsync`` is ``basic.recover-async`` in the specification."""
    family, _, name = method.name.partition(".")
    dashed = "".join(f"-{each.lower()}" if each.isupper() else each for each in name)
    return f"{family.lower()}.{dashed[1:]}"


METHODS: dict[int, type[base.Frame]] = dict(commands.INDEX_MAPPING)

NAMES = {method: _spelt(method) for method in METHODS.values()}
"""The methods by the names that the specification gives them, such as ``basic.publish``."""

_FIELDS = {
    method: [(name, getattr(method, f"_{name}")) for name in method.__slots__]
    for method in METHODS.values()
}


def read(payload: bytes) -> Any:
    """The method in a frame. HardError 502 for one that is malformed, 503 for an unknown one."""
    index = int.from_bytes(payload[:4], "big")
    kind = METHODS.get(index)
    if kind is None or len(payload) < 4:
        raise HardError(COMMAND_INVALID, f"unknown method {index >> 16}.{index & 0xFFFF}")
    method = kind.__new__(kind)
    at, bit = 4, 0
    try:
        for name, form in _FIELDS[kind]:
            if form == "bit":
                if not bit:
                    at, bits = fields.read_octet(payload, at)
                setattr(method, name, bool(bits >> bit & 1))
                bit = (bit + 1) % 8
            else:
                bit = 0
                at, value = _READERS[form](payload, at)
                setattr(method, name, value)
    except (fields.Malformed, struct.error, IndexError, UnicodeDecodeError) as error:
        raise HardError(SYNTAX_ERROR, f"{NAMES[kind]} cannot be read: {error}") from None
    return method


def index(method: object) -> tuple[int, int]:
    """The numbers of its class and of itself; zeros for none."""
    found: int = getattr(method, "index", 0)
    return found >> 16, found & 0xFFFF


def written(kind: type[base.Frame], *values: object) -> bytes:
    """A method with these values of its fields, in their order."""
    out = [kind.index.to_bytes(4, "big")]
    bits = place = 0
    for (_, form), value in zip(_FIELDS[kind], values, strict=True):
        if form == "bit":
            bits |= bool(value) << place
            place += 1
            continue
        if place:
            out.append(bytes((bits,)))
            bits = place = 0
        out.append(_WRITERS[form](value))
    if place:
        out.append(bytes((bits,)))
    return b"".join(out)
