"""Which commands block, for how long, and what they ask for when they are asked again."""

from dataclasses import dataclass

Fields = list[bytes]

READS = frozenset({b"XREAD", b"XREADGROUP"})
LAST = frozenset({b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BZPOPMIN", b"BZPOPMAX"})
"""Commands whose time limit is their last argument, in seconds; 0 is no limit."""


@dataclass(frozen=True)
class Blocking:
    """A command without its time limit; `limit` in seconds is None for none at all."""

    fields: Fields
    limit: float | None


def blocking(fields: Fields) -> Blocking | None:
    """How a command blocks; None when it does not."""
    name = fields[0].upper()
    if name in LAST:
        limit = _number(fields[-1])
        return None if limit is None else Blocking(fields, limit / 1 or None)
    if name in READS:
        words = [each.upper() for each in fields]
        end = words.index(b"STREAMS") if b"STREAMS" in words else len(words)
        if b"BLOCK" in words[:end]:
            at = words.index(b"BLOCK")
            limit = _number(fields[at + 1])
            if limit is not None:
                return Blocking([*fields[:at], *fields[at + 2 :]], limit / 1000 or None)
    return None


def from_now(fields: Fields, last: dict[bytes, bytes]) -> Fields:
    """XREAD's ``$`` as the id that was the last one when it was called."""
    if fields[0].upper() != b"XREAD" or b"$" not in fields:
        return fields
    words = [each.upper() for each in fields]
    names = fields[words.index(b"STREAMS") + 1 :]
    half = len(names) // 2
    ids = [
        last.get(name, b"0-0") if each == b"$" else each
        for name, each in zip(names[:half], names[half:], strict=True)
    ]
    return [*fields[: len(fields) - half], *ids]


def _number(text: bytes) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < 10**9 else None
