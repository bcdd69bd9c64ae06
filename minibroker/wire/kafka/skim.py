"""A walk through a request before it is read, that trusts no length in it.

`kio` reads at the speed of native code and takes room for as many items as an array says it has:
four wrong bytes ask it for gigabytes, and the process is gone. So each length is first held against
what is left of the frame. What may not be null is not null after this either, so no handler has to
ask.

The walk is made once from the fields of a version's classes, as `kio` generates them.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from minibroker.wire.kafka.frames import BadFrame

Step = Callable[[bytes, int], int]
"""Takes a frame and where a field begins, and gives where it ends. BadFrame."""

_SIZES = {
    "bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8,
    "float64": 8, "uuid": 16, "error_code": 2, "timedelta_i32": 4, "timedelta_i64": 8,
    "datetime_i64": 8,
}  # fmt: skip


@cache
def walk(kind: type[Any]) -> Step:
    """The step over an entity of this class."""
    flexible: bool = kind.__flexible__
    hints = get_type_hints(kind)
    steps: list[Step] = []
    tagged: dict[int, Step] = {}
    for each in fields(kind):
        step = _field(hints[each.name], each.metadata.get("kafka_type", ""), flexible)
        if "tag" in each.metadata:
            tagged[each.metadata["tag"]] = step
        else:
            steps.append(step)

    def entity(frame: bytes, at: int) -> int:
        for step in steps:
            at = step(frame, at)
        return _tags(frame, at, tagged) if flexible else at

    return entity


def _field(hint: Any, kafka_type: str, flexible: bool) -> Step:
    hint, optional = _unwrapped(hint)
    if get_origin(hint) is tuple:
        item, _ = _unwrapped(get_args(hint)[0])
        return _array(item, kafka_type, flexible, optional)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return _marked(walk(hint)) if optional else walk(hint)
    return _primitive(kafka_type, flexible, optional)


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """The type, and whether it may be None besides."""
    if get_origin(hint) is tuple or NoneType not in get_args(hint):
        return hint, False
    [inner] = [each for each in get_args(hint) if each is not NoneType]
    return inner, True


def _primitive(kafka_type: str, flexible: bool, optional: bool) -> Step:
    if kafka_type in _SIZES:
        return _fixed(_SIZES[kafka_type])
    wide = 2 if kafka_type == "string" else 4

    def sized(frame: bytes, at: int) -> int:
        size, at = _count(frame, at, wide, flexible)
        if size < 0:
            if size < -1 or not optional:
                raise BadFrame("what may not be null is null")
            return at
        return _within(frame, at + size)

    return sized


def _fixed(size: int) -> Step:
    def fixed(frame: bytes, at: int) -> int:
        return _within(frame, at + size)

    return fixed


def _array(item: Any, kafka_type: str, flexible: bool, optional: bool) -> Step:
    entity = isinstance(item, type) and is_dataclass(item)
    step = walk(item) if entity else _primitive(kafka_type, flexible, False)
    size = 0 if entity else _SIZES.get(kafka_type, 0)

    def array(frame: bytes, at: int) -> int:
        count, at = _count(frame, at, 4, flexible)
        if count < 0:
            if count < -1 or not optional:
                raise BadFrame("an array that may not be null is null")
            return at
        # Each item has a byte at least.
        _within(frame, at + count)
        if size:
            return _within(frame, at + count * size)
        for _ in range(count):
            at = step(frame, at)
        return at

    return array


def _marked(step: Step) -> Step:
    """An entity that may be null has a byte before it that says whether it is."""

    def marked(frame: bytes, at: int) -> int:
        _within(frame, at + 1)
        return at + 1 if frame[at] == 0xFF else step(frame, at + 1)

    return marked


def _tags(frame: bytes, at: int, known: dict[int, Step]) -> int:
    count, at = _uvarint(frame, at)
    _within(frame, at + count)
    for _ in range(count):
        tag, at = _uvarint(frame, at)
        size, at = _uvarint(frame, at)
        end = _within(frame, at + size)
        if tag in known and known[tag](frame, at) != end:
            raise BadFrame(f"tagged field {tag} is not as long as it says")
        at = end
    return at


def _count(frame: bytes, at: int, wide: int, flexible: bool) -> tuple[int, int]:
    if flexible:
        count, at = _uvarint(frame, at)
        return count - 1, at
    end = _within(frame, at + wide)
    return int.from_bytes(frame[at:end], "big", signed=True), end


def _uvarint(frame: bytes, at: int) -> tuple[int, int]:
    _within(frame, at + 1)
    byte = frame[at]
    if byte < 0x80:
        return byte, at + 1
    number, shift = byte & 0x7F, 7
    while True:
        at += 1
        _within(frame, at + 1)
        byte = frame[at]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 28:
            raise BadFrame("a number is longer than five bytes")
    if number > 0x7FFFFFFF:
        raise BadFrame("a number is larger than 31 bits")
    return number, at + 1


def _within(frame: bytes, end: int) -> int:
    if end > len(frame):
        raise BadFrame("the request ends within a field, or a length in it is wrong")
    return end
