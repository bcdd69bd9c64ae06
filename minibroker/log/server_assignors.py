"""How the broker itself assigns the partitions of a group of the `consumer` protocol (KIP-848):
``uniform``, the default, as even as can be and moving little, and ``range``.

Rule: plain functions. Where Kafka leaves open which of several even assignments it takes, so do
these: only what a group can rely on is the same.

>>> uniform({"a": ["t"], "b": ["t"]}, {"t": 3}, {"a": [("t", 0), ("t", 1), ("t", 2)]})
{'a': [('t', 1), ('t', 2)], 'b': [('t', 0)]}
"""

from collections.abc import Mapping, Sequence

Partition = tuple[str, int]

Given = dict[str, list[Partition]]


def uniform(
    wishes: Mapping[str, Sequence[str]],
    partitions: Mapping[str, int],
    before: Mapping[str, Sequence[Partition]],
) -> Given:
    """The partitions of each member, by the topics that each wishes for and what each had."""
    every = [(topic, number) for topic in sorted(partitions) for number in range(partitions[topic])]
    given: Given = {
        member: [place for place in before.get(member, ()) if place in every and place[0] in wish]
        for member, wish in wishes.items()
    }
    taken = {place for its in given.values() for place in its}
    for place in every:
        if place not in taken and (least := _least(place[0], wishes, given)) is not None:
            given[least].append(place)
    while (move := _better(wishes, given)) is not None:
        place, source, to = move
        given[source].remove(place)
        given[to].append(place)
    return {member: sorted(its) for member, its in given.items()}


def by_range(
    wishes: Mapping[str, Sequence[str]],
    partitions: Mapping[str, int],
    before: Mapping[str, Sequence[Partition]],
) -> Given:
    """Of each topic a range for each that wishes for it, the first ones one more."""
    given: Given = {member: [] for member in wishes}
    for topic in sorted(partitions):
        readers = [member for member in wishes if topic in wishes[member]]
        first = 0
        for place, member in enumerate(readers):
            least, more = divmod(partitions[topic], len(readers))
            end = first + least + (place < more)
            given[member] += [(topic, number) for number in range(first, end)]
            first = end
    return given


ASSIGNORS = {"uniform": uniform, "range": by_range}


def _least(topic: str, wishes: Mapping[str, Sequence[str]], given: Given) -> str | None:
    """Of those who wish for a topic, who has least."""
    readers = [member for member in wishes if topic in wishes[member]]
    return min(readers, key=lambda member: (len(given[member]), member), default=None)


def _better(wishes: Mapping[str, Sequence[str]], given: Given) -> tuple[Partition, str, str] | None:
    """A partition that would make it more even with someone else, whose it is and whose it should
    be, of the one who has most."""
    for source in sorted(given, key=lambda member: (-len(given[member]), member)):
        for place in sorted(given[source]):
            to = _least(place[0], wishes, given)
            if to is not None and len(given[source]) > len(given[to]) + 1:
                return place, source, to
    return None
