"""What one run of a scenario showed: a list of facts in plain values, compared fact by fact.

An act says what it sees with ``note("received", value=..., redelivered=...)``. A fact is its name
and its values: None, bool, int, float, str, bytes, lists, tuples and dicts of such. What
legitimately varies from run to run is not left out: ``alias("member", id)`` stands for "member 1",
"member 2" in the order in which they turn up, so that the same one is seen to be the same.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MARK = "fact: "
"""Begins a line that is a fact, in what a process prints."""

Fact = tuple[str, dict[str, Any]]
History = list[Fact]


def alias(kind: str, value: object) -> dict[str, Any]:
    """A value that varies, to be shown as its kind and its number in order of appearance."""
    return {"alias": kind, "of": repr(value)}


def notes_to(write: Callable[[str], object]) -> Callable[..., None]:
    """The `note` of an act whose facts are written as lines."""

    def note(what: str, /, **values: Any) -> None:
        write(MARK + json.dumps([what, _plain(values)]))

    return note


def read(lines: Iterable[str], suffix: str = "") -> History:
    """The facts among the lines that all acts of a run printed; `suffix`, which its names had, is
    taken out of every text."""
    known: dict[tuple[str, str], int] = {}
    history: History = []
    for line in lines:
        if line.startswith(MARK):
            what, values = json.loads(line[len(MARK) :])
            history.append((what, _shown(values, suffix, known)))
    return history


def differences(expected: History, found: History) -> list[str]:
    """Sentences that say where two histories part; none when they agree."""
    said = []
    for number, ((what, values), (other, others)) in enumerate(
        zip(expected, found, strict=False), 1
    ):
        if what != other:
            said.append(f"fact {number} is {fact(what, values)}, not {fact(other, others)}")
            break
        for key in sorted(values.keys() | others.keys()):
            one, two = values.get(key, "nothing"), others.get(key, "nothing")
            if one != two or type(one) is not type(two):
                said.append(f"fact {number}, {what}: {key} is {one!r}, not {two!r}")
    if len(expected) != len(found) and not said:
        more, rest = ("expected", expected) if len(expected) > len(found) else ("found", found)
        further = ", ".join(fact(*each) for each in rest[min(len(expected), len(found)) :])
        said.append(f"only what was {more} goes on: {further}")
    return said


def fact(what: str, values: Mapping[str, Any]) -> str:
    """A fact in a line."""
    return f"{what}({', '.join(f'{key}={value!r}' for key, value in values.items())})"


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return {"bytes": value.decode("latin-1")}
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"a fact is made of plain values; {value!r} is a {type(value).__name__}")


def _shown(value: Any, suffix: str, known: dict[tuple[str, str], int]) -> Any:
    if isinstance(value, str):
        return value.replace(suffix, "") if suffix else value
    if isinstance(value, list):
        return [_shown(each, suffix, known) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"bytes"}:
        return _shown(value["bytes"], suffix, known).encode("latin-1")
    if value.keys() == {"alias", "of"}:
        kind = value["alias"]
        others = sum(name == kind for name, _ in known)
        return f"{kind} {known.setdefault((kind, value['of']), others + 1)}"
    return {key: _shown(each, suffix, known) for key, each in value.items()}
