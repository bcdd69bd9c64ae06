"""AMQP 0-9-1 between a client and a broker, as units: a method with the content that belongs to it.

Bytes in, units out, for one direction of one connection. A publish is one unit of three frames or
more, so whoever holds a unit back holds the whole message back. What is understood is told from
what is only passed on: `Unit.raw` is always what came.
"""

from dataclasses import dataclass, field
from typing import Any

from pamqp import base, commands
from pamqp import frame as frames
from pamqp.header import ContentHeader

from minibroker.wire.amqp.frames import (
    BODY,
    HEADER,
    HEADER_091,
    HEARTBEAT,
    METHOD,
    next_frame,
)

MOST = 2**31
"""Frames of any size are passed on; the broker knows what it agreed to."""

WITH_CONTENT = ("Basic.Publish", "Basic.Deliver", "Basic.GetOk", "Basic.Return")

PROBE = commands.Exchange.Declare(exchange="amq.direct", passive=True)
"""A request that changes nothing and is answered when all before it on its channel is done."""


@dataclass
class Unit:
    """One method, heartbeat or protocol header. `name` is the method's, such as ``Basic.Ack``,
    empty when it is none."""

    raw: bytes
    channel: int = 0
    name: str = ""
    method: Any = None
    body: bytes = b""
    properties: Any = None

    @property
    def headers(self) -> dict[str, Any]:
        """The message's own headers."""
        found = getattr(self.properties, "headers", None)
        return dict(found) if found else {}


@dataclass
class _Open:
    unit: Unit
    left: int = -1
    """Bytes of the body that are to come; -1 before its header."""


@dataclass
class Units:
    """One direction of one connection."""

    _buffer: bytearray = field(default_factory=bytearray)
    _open: dict[int, _Open] = field(default_factory=dict)

    def feed(self, data: bytes) -> list[Unit]:
        """What is whole by now, in order."""
        self._buffer += data
        units, at = [], 0
        if self._buffer[:4] == b"AMQP":
            if len(self._buffer) < len(HEADER_091):
                return []
            at = len(HEADER_091)
            units.append(Unit(bytes(self._buffer[:at])))
        while (found := next_frame(self._buffer, at, MOST)) is not None:
            kind, channel, _, end = found
            raw = bytes(self._buffer[at : end + 1])
            at = end + 1
            if (unit := self._frame(kind, channel, raw)) is not None:
                units.append(unit)
        del self._buffer[:at]
        return units

    def _frame(self, kind: int, channel: int, raw: bytes) -> Unit | None:
        if kind == METHOD:
            method = frames.unmarshal(raw)[2]
            assert isinstance(method, base.Frame)
            unit = Unit(raw, channel, method.name, method)
            if method.name not in WITH_CONTENT:
                return unit
            self._open[channel] = _Open(unit)
            return None
        begun = self._open.get(channel)
        if kind == HEARTBEAT or begun is None:
            return Unit(raw, channel)
        begun.unit.raw += raw
        if kind == HEADER:
            header = frames.unmarshal(raw)[2]
            assert isinstance(header, ContentHeader)
            begun.unit.properties, begun.left = header.properties, header.body_size
        elif kind == BODY:
            begun.unit.body += raw[7:-1]
            begun.left -= len(raw) - 8
        if begun.left:
            return None
        return self._open.pop(channel).unit


def probe(channel: int) -> bytes:
    """`PROBE` as it is sent."""
    return frames.marshal(PROBE, channel)
