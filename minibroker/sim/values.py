"""What may cross the boundary: None, bool, int, float, str, bytes, list and dict. Nothing else.

Every value is copied where it crosses, in every transport, so neither side can change what the
other one holds. A tuple, a set, an object of a learner's own class and a dict with a key that
is not a string are refused with a sentence, never converted in silence.

>>> crossing({"id": "order-1", "body": b"42"})
{'id': 'order-1', 'body': b'42'}
"""

import base64
import json
from typing import TypeAlias

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"

MOST_DEEP = 32
"""How deep lists and dicts may be nested, so that no reader of a value can run out of stack."""

_BYTES = "$bytes"


_UNCHANGING = frozenset({type(None), str, bytes, bool, float})  # no copy needed


class CannotCross(TypeError):
    """A value of a kind that cannot be sent to a broker or a ledger."""


def crossing(value: object, depth: int = 0) -> Value:
    """Return a copy of `value`, or raise `CannotCross` with a sentence for the learner."""
    kind = type(value)
    if kind in _UNCHANGING:
        return value  # type: ignore[return-value]
    if kind is int:
        if not -(2**63) <= value < 2**63:  # type: ignore[operator]
            raise CannotCross("an int must fit in 64 bits to be sent; send larger ones as str")
        return value  # type: ignore[return-value]
    if depth >= MOST_DEEP:
        raise CannotCross(f"a value is nested more than {MOST_DEEP} deep; send a flatter one")
    if kind is list:
        return [crossing(item, depth + 1) for item in value]  # type: ignore[attr-defined]
    if kind is dict:
        copy: dict[str, Value] = {}
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str:
                raise CannotCross(
                    f"a dict with the key {key!r} cannot be sent; its keys must be str"
                )
            if key == _BYTES:
                raise CannotCross(f"a dict key must not be {_BYTES!r}, which marks bytes")
            copy[key] = crossing(item, depth + 1)
        return copy
    raise CannotCross(
        f"a {kind.__name__} cannot be sent; send None, bool, int, float, str, bytes, "
        "a list or a dict with str keys"
    )


def encoded(value: object) -> str:
    """The one text form of a value, used on pipes and in traces: JSON with bytes marked."""
    return _encoder.encode(value)


def decoded(text: str | bytes) -> Value:
    """Read `encoded` text back; raises ValueError for anything else."""
    try:
        return json.loads(text, object_hook=_unmark)  # type: ignore[no-any-return]
    except RecursionError:
        raise ValueError("the text is nested too deeply") from None


def _mark(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} has no text form")


def _unmark(found: dict[str, Value]) -> Value:
    if len(found) == 1 and isinstance(text := found.get(_BYTES), str):
        return base64.b64decode(text, validate=True)
    return found


_encoder = json.JSONEncoder(separators=(",", ":"), default=_mark)
