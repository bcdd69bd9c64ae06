"""What admin clients may ask of consumer groups."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from minibroker.agents.kafka_errors import BadRequest
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.groups import Groups

Item = dict[str, Value]


def listed(groups: "Groups") -> Value:
    """The names of all groups."""
    return sorted(groups.list())


def each(groups: "Groups") -> dict[str, Callable[[Item], Value]]:
    """What is asked of one group at a time."""

    def offsets(item: Item) -> Value:
        """``[topic, partition, offset, metadata]`` each, in order."""
        found = groups.committed(_name(item))
        return [
            [topic, partition, committed.offset, committed.metadata]
            for (topic, partition), committed in sorted(found.items())
        ]

    def alter(item: Item) -> Value:
        from minibroker.log.offsets import Committed

        changed: dict[tuple[str, int], Committed] = {}
        for row in cast("list[Value]", item.get("offsets")):
            match row:
                case [str(topic), int(partition), int(offset), str() | None as metadata]:
                    changed[topic, partition] = Committed(offset, metadata or "")
                case _:
                    raise BadRequest(f"an offset is [topic, partition, offset, metadata]: {row!r}")
        groups.alter_offsets(_name(item), changed)
        return None

    def delete(item: Item) -> Value:
        groups.delete(_name(item))
        return None

    return {"group_offsets": offsets, "alter_group_offsets": alter, "delete_groups": delete}


def _name(item: Item) -> str:
    found = item.get("group")
    if not isinstance(found, str):
        raise BadRequest(f"a group is named by a str, not {found!r}")
    return found
