"""The sticky assignor: as even as can be, and of the even ones the one that moves least (KIP-54,
KIP-341), step by step as librdkafka does it, so that the same members get the same partitions.

Theory of operation. What each member owned, as far as it still may, is what it starts with. What
nobody has goes to who has least. Then partitions are moved, from who has more to who has least,
until no move makes it more even; a move that would go the other way of an earlier one is undone
instead. A result that is no more even than the start is dropped.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

Partition = tuple[str, int]


def assign(
    owned: Mapping[str, tuple[Sequence[Partition], int]],
    readers: Mapping[str, Sequence[str]],
    partitions: Mapping[str, int],
) -> dict[str, list[Partition]]:
    """The partitions of each member. `owned` are what it had and in which generation it got them,
    `readers` the members that read each topic, `partitions` how many each topic has."""
    candidates = {
        (topic, number): readers[topic] for topic in readers for number in range(partitions[topic])
    }
    current, previous = _claimed(owned)
    order = _in_order(current, previous, candidates)
    revoked = False
    missing = dict.fromkeys(order)
    for member, its in current.items():
        for partition in list(its):
            if partition not in candidates:
                its.remove(partition)
            elif member not in candidates[partition]:
                its.remove(partition)
                revoked = True
            else:
                del missing[partition]
    return _Balance(current, previous, candidates).balanced(order, list(missing), revoked)


def _claimed(
    owned: Mapping[str, tuple[Sequence[Partition], int]],
) -> tuple[dict[str, list[Partition]], dict[Partition, str]]:
    """Who owns what, and who owned it before: of two that claim a partition the one of the later
    generation has it, and of the same generation neither."""
    claims: dict[Partition, list[tuple[int, str]]] = {}
    for member, (its, generation) in owned.items():
        for partition in its:
            claims.setdefault(partition, []).append((generation, member))
    current: dict[str, list[Partition]] = {member: [] for member in owned}
    previous: dict[Partition, str] = {}
    for partition, claimed in claims.items():
        claimed.sort(key=lambda claim: claim[0])
        generations = [generation for generation, _ in claimed]
        if len(set(generations)) < len(generations):
            continue
        current[claimed[-1][1]].append(partition)
        if len(claimed) > 1:
            previous[partition] = claimed[-2][1]
    return current, previous


def _in_order(
    current: Mapping[str, list[Partition]],
    previous: Mapping[Partition, str],
    candidates: Mapping[Partition, Sequence[str]],
) -> list[Partition]:
    """All partitions, those first that are to be moved first."""
    alike = len({tuple(members) for members in candidates.values()}) <= 1 and all(
        set(current) == set(members) for members in candidates.values()
    )
    if not alike:
        return sorted(candidates, key=lambda partition: (len(candidates[partition]), partition))
    order: list[Partition] = []
    left = {
        member: sorted(partition for partition in its if partition in candidates)
        for member, its in current.items()
    }
    while any(left.values()):  # one at a time from who has most
        most = max(left, key=lambda member: (len(left[member]), member))
        its = left[most]
        moved = next((partition for partition in its if partition in previous), its[0])
        its.remove(moved)
        order.append(moved)
    if not order:
        return sorted(candidates)
    found = set(order)  # librdkafka goes through the rest from its end
    return order + [partition for partition in reversed([*candidates]) if partition not in found]


class _Balance:
    """Members with their partitions, while these are moved about."""

    def __init__(
        self,
        current: dict[str, list[Partition]],
        previous: Mapping[Partition, str],
        candidates: Mapping[Partition, Sequence[str]],
    ) -> None:
        self._current, self._previous, self._candidates = current, previous, candidates
        self._wanted: dict[str, list[Partition]] = {member: [] for member in current}
        for partition, members in candidates.items():
            for member in members:
                self._wanted[member].append(partition)
        self._owner = {partition: member for member in current for partition in current[member]}
        self._moves: dict[Partition, tuple[str, str]] = {}

    def balanced(
        self, order: list[Partition], missing: list[Partition], revoked: bool
    ) -> dict[str, list[Partition]]:
        """See the module. With `revoked` a member had to give up something anyway, so not only
        what is new is moved at first."""
        beginning = not any(self._current.values())
        for partition in missing:
            self._give(partition, self._least(partition))
        fixed = {
            member: self._current.pop(member)
            for member in list(self._current)
            if not self._may_change(member)
        }
        order = [partition for partition in order if len(self._candidates[partition]) > 1]
        missing = [partition for partition in missing if len(self._candidates[partition]) > 1]
        before = {member: list(its) for member, its in self._current.items()}
        if not revoked and missing:
            self._move_all(missing)
        if self._move_all(order) and not beginning and _score(self._current) >= _score(before):
            self._current = before
        return self._current | fixed

    def _move_all(self, movable: Sequence[Partition]) -> bool:
        """Move these until nothing becomes more even by it; whether anything was moved."""
        moved, again = False, True
        while again:
            again = False
            for partition in movable:
                if self._even():
                    break
                to = self._better(partition)
                if to is not None:
                    self._move(self._instead(partition, to), to)
                    moved = again = True
        return moved

    def _better(self, partition: Partition) -> str | None:
        """Who should have this partition instead of who has it, if anyone: who had it before, else
        who has least."""
        has = len(self._current[self._owner[partition]])
        before = self._previous.get(partition)
        if before in self._current and has > len(self._current[before]) + 1:
            return before
        others = (self._current[member] for member in self._candidates[partition])
        if any(has > len(its) + 1 for its in others):
            return self._least(partition)
        return None

    def _instead(self, partition: Partition, to: str) -> Partition:
        """The partition to move: one of the same topic that came the other way, if there is."""
        source = self._owner[partition]
        if partition in self._moves:
            source = self._moves[partition][0]
        for moved, way in self._moves.items():
            if moved[0] == partition[0] and way == (to, source):
                return moved
        return partition

    def _move(self, partition: Partition, to: str) -> None:
        source = self._owner[partition]
        self._current[source].remove(partition)
        self._give(partition, to)
        earlier = self._moves.pop(partition, None)
        if earlier is None:
            self._moves[partition] = (source, to)
        elif earlier[0] != to:
            self._moves[partition] = (earlier[0], to)

    def _give(self, partition: Partition, to: str) -> None:
        self._current[to].append(partition)
        self._owner[partition] = to

    def _least(self, partition: Partition) -> str:
        there = [member for member in self._candidates[partition] if member in self._current]
        return min(there, key=lambda member: (len(self._current[member]), member))

    def _may_change(self, member: str) -> bool:
        its = self._current[member]
        return len(its) < len(self._wanted[member]) or any(
            len(self._candidates[partition]) > 1 for partition in its
        )

    def _even(self) -> bool:
        sizes = [len(its) for its in self._current.values()]
        if min(sizes) >= max(sizes) - 1:
            return True
        return not any(
            len(its) < len(self._current[self._owner[partition]])
            for member, its in self._current.items()
            for partition in self._wanted[member]
            if self._owner[partition] != member
        )


def _score(given: Mapping[str, Sequence[Partition]]) -> int:
    """How uneven it is: the sum of the differences of all pairs."""
    return sum(abs(len(one) - len(other)) for one, other in combinations(given.values(), 2))
