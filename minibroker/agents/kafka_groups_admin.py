"""What admin clients may ask of consumer groups."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from minibroker.agents.kafka_errors import BadRequest, KafkaFailure
from minibroker.log.errors import Code, LogError
from minibroker.log.groups import as_it_is
from minibroker.log.offsets import Committed
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.description import GroupInfo
    from minibroker.log.groups import Groups

Item: TypeAlias = dict[str, Value]
Each: TypeAlias = Callable[[str, Item], Value]
"""Answers for one thing that `who` asks about."""


def listed(groups: "Groups") -> Value:
    """All groups."""
    return [_shown(info) for info in groups.list()]


def each(groups: "Groups") -> dict[str, Each]:
    """What is asked of one group at a time."""

    def offsets(who: str, item: Item) -> Value:
        """``[topic, partition, offset, metadata]`` each, in order."""
        found = groups.committed(_name(item))
        return [
            [topic, partition, committed.offset, committed.metadata]
            for (topic, partition), committed in sorted(found.items())
        ]

    def alter(who: str, item: Item) -> Value:
        try:
            groups.alter_offsets(who, _name(item), offsets_of(item))
        except LogError as error:
            if error.code != Code.UNKNOWN_MEMBER_ID:
                raise
            return KafkaFailure(error.code, error.text).value()  # each partition says so
        return None

    def delete(who: str, item: Item) -> Value:
        groups.delete(_name(item))
        return None

    def describe(who: str, item: Item) -> Value:
        return _shown(groups.describe(_name(item)))

    return {
        "group_offsets": offsets,
        "alter_group_offsets": alter,
        "delete_groups": delete,
        "describe_groups": describe,
    }


def offsets_of(item: Item) -> dict[tuple[str, int], Committed]:
    """The `offsets` that came, ``[topic, partition, offset, metadata]`` each; those below 0 are no
    positions and are left out."""
    rows = item.get("offsets")
    if not isinstance(rows, list):
        raise BadRequest("offsets are a list")
    found: dict[tuple[str, int], Committed] = {}
    for row in rows:
        match row:
            case [str(topic), int(partition), int(offset), str() | None as metadata]:
                if offset >= 0:
                    found[topic, partition] = Committed(offset, metadata or "")
            case _:
                raise BadRequest(f"an offset is [topic, partition, offset, metadata]: {row!r}")
    return found


def _shown(info: "GroupInfo") -> Value:
    return {
        "group": info.group,
        "state": info.state,
        "protocol": info.protocol,
        "simple": not info.protocol_type,
        "members": [
            [m.member_id, m.instance_id, cast(Value, as_it_is(m.assignment))] for m in info.members
        ],
    }


def _name(item: Item) -> str:
    found = item.get("group")
    if not isinstance(found, str):
        raise BadRequest(f"a group is named by a str, not {found!r}")
    return found
