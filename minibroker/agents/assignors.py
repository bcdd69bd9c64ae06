"""Who of a group gets which partitions, as librdkafka's leader decides it: ``range``,
``roundrobin`` and ``cooperative-sticky`` (librdkafka, CONFIGURATION.md,
``partition.assignment.strategy``).

Rule: plain functions of what the members said when they joined; nothing here knows a broker.

>>> told = {"a": (Subscription(["t"]), None), "b": (Subscription(["t"]), None)}
>>> assign("range", told, {"t": 3})
{'a': [('t', 0), ('t', 1)], 'b': [('t', 2)]}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key

from minibroker.agents import sticky

Partition = tuple[str, int]

RANGE, ROUNDROBIN, COOPERATIVE_STICKY = "range", "roundrobin", "cooperative-sticky"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a member tells when it joins: the topics it reads, the partitions it still owns (only
    a cooperative one does) and in which generation it got them (-1: none)."""

    topics: Sequence[str]
    owned: Sequence[Partition] = field(default_factory=list)
    generation: int = -1


Members = Mapping[str, tuple[Subscription, str | None]]
"""Each member by its id, with its instance id if it is static."""


def names(strategies: str) -> list[str]:
    """The names in a ``partition.assignment.strategy``, the best liked first. ValueError, in
    librdkafka's words, for one that it does not know and for a mixture that cannot be."""
    found: list[str] = []
    for name in strategies.strip(" ,").split(","):
        name = name.strip()
        if name not in (RANGE, ROUNDROBIN, COOPERATIVE_STICKY):
            raise ValueError(f"Unsupported partition.assignment.strategy: {name}")
        if name not in found:
            found.append(name)
    if COOPERATIVE_STICKY in found and len(found) > 1:
        raise ValueError(
            f"All partition.assignment.strategy ({strategies}) assignors must have the same "
            "protocol type, online migration between assignors with different protocol types is "
            "not supported"
        )
    return found


def assign(
    name: str, members: Members, partitions: Mapping[str, int]
) -> dict[str, list[Partition]]:
    """The partitions of each member. `partitions` are the numbers of partitions of the topics that
    there are; one that is not in it, or that nobody reads, is left out."""
    readers = {
        topic: readers
        for topic in sorted(partitions)
        if (readers := [key for key in _sorted(members) if topic in members[key][0].topics])
    }
    there = {topic: partitions[topic] for topic in readers}
    if name == RANGE:
        given = by_range(members, readers, there)
    elif name == ROUNDROBIN:
        given = by_turns(members, readers, there)
    else:
        owned = {key: (told.owned, told.generation) for key, (told, _) in members.items()}
        given = _cooperative(owned, sticky.assign(owned, readers, there))
    return {member: sorted(its) for member, its in given.items()}


def by_range(
    members: Members, readers: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> dict[str, list[Partition]]:
    """Of each topic, each reader gets a range, the first of them one more where it does not come
    out even."""
    given: dict[str, list[Partition]] = {member: [] for member in members}
    for topic, those in readers.items():
        least, more = divmod(partitions[topic], len(those))
        first = 0
        for place, member in enumerate(those):
            end = first + least + (place < more)
            given[member] += [(topic, number) for number in range(first, end)]
            first = end
    return given


def by_turns(
    members: Members, readers: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> dict[str, list[Partition]]:
    """All partitions of all topics are dealt out in turn; who does not read a topic is passed
    over."""
    given: dict[str, list[Partition]] = {member: [] for member in members}
    order = _sorted(members)
    turn = -1
    for topic, those in readers.items():
        for number in range(partitions[topic]):
            turn = (turn + 1) % len(order)
            while order[turn] not in those:
                turn = (turn + 1) % len(order)
            given[order[turn]].append((topic, number))
    return given


def _cooperative(
    owned: Mapping[str, tuple[Sequence[Partition], int]],
    given: Mapping[str, Sequence[Partition]],
) -> dict[str, list[Partition]]:
    """What may be given in this generation: a partition that goes from one member to another goes
    to nobody yet, so that the one gives it up before the other has it (KIP-429)."""
    had = {partition: member for member, (its, _) in owned.items() for partition in its}
    adjusted: dict[str, list[Partition]] = {
        member: [partition for partition in its if had.get(partition, member) == member]
        for member, its in given.items()
    }
    assigned = {partition for its in given.values() for partition in its}
    for partition, member in had.items():
        if partition not in assigned:  # of a topic that is not there, or not read any more
            adjusted[member].append(partition)
    return adjusted


def _sorted(members: Members) -> list[str]:
    """Static members by instance id, so that they keep their places when they come back under
    another member id; others by member id."""

    def compare(one: str, other: str) -> int:
        first, second = members[one][1], members[other][1]
        if first is None or second is None:
            first, second = one, other
        return (first > second) - (first < second)

    return sorted(members, key=cmp_to_key(compare))
