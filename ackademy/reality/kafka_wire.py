"""Kafka's protocol between a client and a broker: which request is which, and its answer.

Bytes in, frames out, for one direction of one connection. Only the requests of `UNDERSTOOD` are
opened, by `kio`; all others are passed on as they came. An answer is known by its correlation id.
"""

import io
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from kio.serial import entity_reader, entity_writer

from minibroker.log.batch import Batch
from minibroker.log.errors import LogError
from minibroker.wire.kafka.batches import BYTES, parsed
from minibroker.wire.kafka.frames import after_tags, header
from minibroker.wire.kafka.messages import KEYS, NAMES

UNDERSTOOD = frozenset(
    KEYS[name]
    for name in (
        "produce",
        "fetch",
        "metadata",
        "offset_commit",
        "find_coordinator",
        "join_group",
        "sync_group",
        "init_producer_id",
        "end_txn",
        "txn_offset_commit",
    )
)

LARGEST = 2**31


@dataclass
class Frames:
    """One direction of one connection."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole by now, without their length."""
        self._buffer += data
        frames, at = [], 0
        while len(self._buffer) - at >= 4:
            end = at + 4 + int.from_bytes(self._buffer[at : at + 4], "big")
            if end > len(self._buffer):
                break
            frames.append(bytes(self._buffer[at + 4 : end]))
            at = end
        del self._buffer[:at]
        return frames


def framed(frame: bytes) -> bytes:
    """A frame as it is sent."""
    return len(frame).to_bytes(4, "big") + frame


@dataclass(frozen=True)
class Request:
    """A request whose meaning is known: `name` as `kio` has it, `body` its fields; empty and None
    for one that is only passed on."""

    correlation: int
    version: int = 0
    name: str = ""
    body: Any = None


def request(frame: bytes) -> Request:
    """What a client asks for."""
    head = header(frame)
    if head.key not in UNDERSTOOD:
        return Request(head.correlation)
    name = NAMES[head.key]
    schema = _schema(name, head.version)
    at = after_tags(frame, head.at) if schema.flexible else head.at
    return Request(head.correlation, head.version, name, schema.read_request(frame, at))


def response(asked: Request, frame: bytes) -> Any:
    """The answer to a request that is understood."""
    schema = _schema(asked.name, asked.version)
    return schema.read_response(frame, after_tags(frame, 4) if schema.flexible else 4)


def written(asked: Request, answer: Any) -> bytes:
    """An answer as a frame."""
    schema = _schema(asked.name, asked.version)
    buffer = io.BytesIO()
    schema.write_response(buffer, answer)
    head = asked.correlation.to_bytes(4, "big", signed=True)
    return head + (b"\x00" if schema.flexible else b"") + buffer.getvalue()


def correlation(frame: bytes) -> int:
    """Which request a frame answers."""
    return int.from_bytes(frame[:4], "big", signed=True)


def asked_for(name: str, version: int, number: int, **fields: Any) -> bytes:
    """A request of our own as a frame."""
    module = import_module(f"kio.schema.{name}.v{version}.request")
    title = "".join(word.capitalize() for word in name.split("_"))
    kind = getattr(module, f"{title}Request")
    buffer = io.BytesIO()
    entity_writer(kind)(buffer, kind(**fields))
    head = KEYS[name].to_bytes(2, "big") + version.to_bytes(2, "big") + number.to_bytes(4, "big")
    tags = b"\x00" if kind.__flexible__ else b""
    return head + b"\xff\xff" + tags + buffer.getvalue()


def batches_of(records: bytes | None) -> list[Batch]:
    """The batches that are whole; a broker may cut the last one off."""
    found = []
    try:
        for each in parsed(records or b""):
            found.append(each)
    except LogError:
        pass
    return found


def shown(batch: Batch) -> Any:
    """The records of a batch."""
    return BYTES.shown(batch.payload)


class _Schema:
    def __init__(self, name: str, version: int) -> None:
        where = f"kio.schema.{name}.v{version}"
        title = "".join(word.capitalize() for word in name.split("_"))
        asked = getattr(import_module(f"{where}.request"), f"{title}Request")
        answer = getattr(import_module(f"{where}.response"), f"{title}Response")
        self.flexible: bool = asked.__flexible__
        self._request, self._response = entity_reader(asked), entity_reader(answer)
        self.write_response = entity_writer(answer)

    def read_request(self, frame: bytes, at: int) -> Any:
        return self._request(frame, at)[0]

    def read_response(self, frame: bytes, at: int) -> Any:
        return self._response(frame, at)[0]


@cache
def _schema(name: str, version: int) -> _Schema:
    return _Schema(name, version)
