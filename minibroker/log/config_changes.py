"""Changes to a topic's configuration one by one, as IncrementalAlterConfigs asks for them
(KIP-339).

>>> changed({"cleanup.policy": "compact"}, [Change("cleanup.policy", Operation.APPEND, "delete")])
{'cleanup.policy': 'compact,delete'}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from minibroker.log.config import SETTINGS, Kind, kind
from minibroker.log.errors import Code, LogError


class Operation(IntEnum):
    """What is done to a setting; the last two only to one that is a list."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `operation` is a number of `Operation`, and only DELETE has no `value`."""

    name: str
    operation: int
    value: str | None


def changed(given: Mapping[str, str], changes: Iterable[Change]) -> dict[str, str | None]:
    """What `minibroker.log.cluster.Cluster.alter_config` is to be told, for a topic for which
    `given` was set. LogError INVALID_REQUEST for what makes no sense whatever the name, and
    INVALID_CONFIG."""
    found: dict[str, str | None] = {}
    for each in changes:
        if each.name in found:
            raise LogError(Code.INVALID_REQUEST, f"{each.name} is changed twice in one request")
        if each.operation not in Operation.__members__.values():
            raise LogError(
                Code.INVALID_REQUEST,
                f"an operation on {each.name} is set (0), delete (1), append (2) or subtract (3), "
                f"not {each.operation}",
            )
        found[each.name] = _after(given, each, Operation(each.operation))
    return found


def _after(given: Mapping[str, str], change: Change, operation: Operation) -> str | None:
    if operation is Operation.DELETE:
        return None
    if change.value is None:
        raise LogError(
            Code.INVALID_REQUEST, f"{change.name} has no value; delete it to have its default"
        )
    if operation is Operation.SET:
        return change.value
    if kind(change.name) is not Kind.LIST:
        raise LogError(
            Code.INVALID_CONFIG,
            f"{change.name} is no list, so nothing is appended to it or subtracted; set it",
        )
    before = _words(given.get(change.name, SETTINGS[change.name][2]))
    named = _words(change.value)
    if operation is Operation.APPEND:
        return ",".join(dict.fromkeys([*before, *named]))
    return ",".join(word for word in before if word not in named)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
