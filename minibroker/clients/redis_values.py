"""What Redis's commands take and give, as what may cross the boundary.

What cannot cross by itself is marked: a tuple, a set, a dict with a key that is no str. Both sides
use this, so it knows neither.

>>> packed({"orders": ">"}), packed((b"7-0", {b"id": b"a"}))
({'orders': '>'}, {'$tuple': [b'7-0', {'$pairs': [[b'id', b'a']]}]})
>>> unpacked(packed((b"7-0", {b"id": b"a"})))
(b'7-0', {b'id': b'a'})
"""

import datetime
from typing import Any

MARKS = frozenset({"$tuple", "$set", "$pairs", "$seconds", "$error"})


def packed(value: object) -> Any:
    """A value as it crosses; what is of no kind that Redis takes stays, to be refused there."""
    match value:
        case list():
            return [packed(each) for each in value]
        case tuple():
            return {"$tuple": [packed(each) for each in value]}
        case set() | frozenset():
            return {"$set": [packed(each) for each in sorted(value, key=_by_text)]}
        case dict() if all(type(key) is str and key not in MARKS for key in value):
            return {key: packed(each) for key, each in value.items()}
        case dict():
            return {"$pairs": [[packed(key), packed(each)] for key, each in value.items()]}
        case datetime.timedelta():
            return {"$seconds": value.total_seconds()}
        case memoryview() | bytearray():
            return bytes(value)
    return value


def unpacked(value: Any) -> Any:
    """The value that was `packed`."""
    if isinstance(value, list):
        return [unpacked(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((mark, held),) = value.items()
        if mark == "$tuple":
            return tuple(unpacked(held))
        if mark == "$set":
            return set(unpacked(held))
        if mark == "$pairs":
            return {unpacked(key): unpacked(each) for key, each in held}
        if mark == "$seconds":
            return datetime.timedelta(seconds=held)
    return {key: unpacked(each) for key, each in value.items()}


def _by_text(value: object) -> str:
    return str(value)
