"""The properties of a message: a content header as it stands in a frame (AMQP 0-9-1, 4.2.6.1), and
the engine's dict.

What no queue changed is handed out byte for byte as it came, so nothing is lost of what the engine
does not know.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from minibroker.log.terms import EPOCH_US
from minibroker.queues.message import Copy, Message
from minibroker.sim.clock import SECOND
from minibroker.sim.values import Value
from minibroker.wire.amqp import fields
from minibroker.wire.amqp.errors import SYNTAX_ERROR, HardError
from minibroker.wire.amqp.fields import Timestamp

BASIC = 60

FORMS = (
    ("content_type", "s"),
    ("content_encoding", "s"),
    ("headers", "F"),
    ("delivery_mode", "o"),
    ("priority", "o"),
    ("correlation_id", "s"),
    ("reply_to", "s"),
    ("expiration", "s"),
    ("message_id", "s"),
    ("timestamp", "T"),
    ("type", "s"),
    ("user_id", "s"),
    ("app_id", "s"),
    ("cluster_id", "s"),
)
"""Each one's bit in the flags is one lower than that of the one before, from 15 on."""

_HEAD = struct.Struct(">HHQ")

REMEMBERED, SMALL = 512, 64
"""So many short property lists are decoded once: publishers send the same ones again and again."""

_known: dict[bytes, dict[str, Value]] = {}


def read_header(payload: bytes) -> tuple[int, bytes]:
    """The size of the body and the properties as they came. HardError for a malformed header."""
    if len(payload) < 14:
        raise HardError(SYNTAX_ERROR, "a content header ends too early")
    family, _, size = _HEAD.unpack_from(payload)
    if family != BASIC:
        raise HardError(SYNTAX_ERROR, f"there is no content of class {family}")
    return size, payload[12:]


def read(raw: bytes) -> dict[str, Value]:
    """The properties in a header. It may be shared, so nobody may change it."""
    known = _known.get(raw)
    if known is not None:
        return known
    try:
        found = _read(raw)
    except (fields.Malformed, struct.error, IndexError, UnicodeDecodeError) as error:
        raise HardError(SYNTAX_ERROR, f"the properties cannot be read: {error}") from None
    if len(raw) <= SMALL and len(_known) < REMEMBERED and "headers" not in found:
        _known[raw] = found
    return found


def _read(raw: bytes) -> dict[str, Value]:
    at, flags = fields.read_short(raw, 0)
    more = flags & 1
    while more:  # there are no properties there
        at, word = fields.read_short(raw, at)
        more = word & 1
    found: dict[str, Value] = {}
    bit = 0x8000
    for name, form in FORMS:
        if flags & bit:
            if form == "s":
                at, found[name] = fields.read_shortstr(raw, at)
            elif form == "o":
                at, found[name] = fields.read_octet(raw, at)
            elif form == "F":
                at, found[name] = fields.read_table(raw, at)
            else:
                at, found[name] = fields.read_longlong(raw, at)
        bit >>= 1
    return found


def written(properties: Mapping[str, Value]) -> bytes:
    """The flags and the properties as they stand in a header."""
    flags, bit, out = 0, 0x8000, [b""]
    for name, form in FORMS:
        value = properties.get(name)
        if value is not None:
            flags |= bit
            if form == "s" and isinstance(value, str):
                out.append(fields.shortstr(value))
            elif form == "F" and isinstance(value, dict):
                out.append(fields.written_table(value))
            elif isinstance(value, int):
                out.append(value.to_bytes(8 if form == "T" else 1, "big"))
        bit >>= 1
    out[0] = flags.to_bytes(2, "big")
    return b"".join(out)


def header(size: int, raw: bytes) -> bytes:
    """The payload of a content header."""
    return _HEAD.pack(BASIC, 0, size) + raw


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message's properties as they came, beside it in the engine."""

    raw: bytes


def of_copy(copy: Copy) -> bytes:
    """A copy's properties as they are handed out."""
    message = copy.message
    if isinstance(message.encoded, Encoded) and not copy.counted:
        return message.encoded.raw
    return written(_dated(copy.properties(), message))


def of_message(message: Message) -> bytes:
    """A message's properties as they go back to its publisher."""
    if isinstance(message.encoded, Encoded):
        return message.encoded.raw
    return written(_dated(message.properties, message))


def _dated(properties: dict[str, Value], message: Message) -> dict[str, Value]:
    """The engine counts seconds from its own beginning; a death's time is one of the calendar."""
    headers = properties.get("headers")
    if not message.deaths or not isinstance(headers, dict):
        return properties
    deaths: list[Value] = []
    known = headers.get("x-death")
    for death in known if isinstance(known, list) else ():
        if isinstance(death, dict) and isinstance(time := death.get("time"), int):
            death = death | {"time": Timestamp(EPOCH_US // SECOND + time)}
        deaths.append(death)
    return properties | {"headers": headers | {"x-death": deaths}}
