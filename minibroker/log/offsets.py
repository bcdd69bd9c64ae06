"""The offsets that one group has committed, and those that wait for their transaction's end.

A transaction's offsets count from the moment it commits, but in the order in which they were
written: a plain commit that came between is not undone by them (KIP-98; KIP-447).

Offsets expire `RETENTION` after the group became empty, or, of a group that never had members,
after they were committed (KIP-211). Nothing is due for that: they are looked at when asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from minibroker.log.errors import Code, LogError
from minibroker.sim.clock import SECOND

RETENTION = 7 * 24 * 3600 * SECOND
"""``offsets.retention.minutes``."""

MOST_METADATA = 4096
"""``offset.metadata.max.bytes``."""

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Committed:
    """A group's position in a partition: the offset of the next record to read."""

    offset: int
    metadata: str = ""
    leader_epoch: int = -1


def check_metadata(offsets: Mapping[Partition, Committed]) -> None:
    """Raise OFFSET_METADATA_TOO_LARGE for what is."""
    for (topic, partition), committed in offsets.items():
        if len(committed.metadata.encode()) > MOST_METADATA:
            raise LogError(
                Code.OFFSET_METADATA_TOO_LARGE,
                f"the metadata committed with {topic}[{partition}] is longer than "
                f"{MOST_METADATA} bytes; keep it shorter",
            )


@dataclass(frozen=True, slots=True)
class _Written:
    """A commit, when it was made and the how-manieth of all it was."""

    committed: Committed
    at: int
    order: int


class Offsets:
    """See the module. Keys are (topic, partition)."""

    def __init__(self) -> None:
        self._written: dict[Partition, _Written] = {}
        self._undecided: dict[int, dict[Partition, _Written]] = {}
        self._order = 0

    def __bool__(self) -> bool:
        """Whether anything is kept or waits."""
        return bool(self._written or self._undecided)

    def commit(self, offsets: Mapping[Partition, Committed], now: int) -> None:
        """Take these over what stood there."""
        self._written.update(self._ordered(offsets, now))

    def commit_later(
        self, producer_id: int, offsets: Mapping[Partition, Committed], now: int
    ) -> None:
        """Keep these until the producer's transaction is decided."""
        self._undecided.setdefault(producer_id, {}).update(self._ordered(offsets, now))

    def decide(self, producer_id: int, commit: bool) -> None:
        """The producer's transaction is over."""
        waiting = self._undecided.pop(producer_id, {})
        if not commit:
            return
        for partition, written in waiting.items():
            before = self._written.get(partition)
            if before is None or before.order < written.order:
                self._written[partition] = written

    def committed(
        self, partitions: Iterable[Partition] | None, require_stable: bool
    ) -> dict[Partition, Committed]:
        """What stands for these partitions (None: for all). With `require_stable` it is refused
        with UNSTABLE_OFFSET_COMMIT while a transaction may still change one of them (KIP-447)."""
        wanted = self._written if partitions is None else dict.fromkeys(partitions)
        if require_stable:
            self._refuse_unstable(None if partitions is None else wanted)
        return {
            partition: self._written[partition].committed
            for partition in wanted
            if partition in self._written
        }

    def expire(self, now: int, empty_since: int | None) -> list[Partition]:
        """Forget what is too old, and give what was; `empty_since` is when the last member left,
        if there ever was one."""
        old = [
            partition
            for partition, written in self._written.items()
            if now - (written.at if empty_since is None else empty_since) >= RETENTION
            and not self._waits(partition)
        ]
        for partition in old:
            del self._written[partition]
        return old

    def delete(self, partitions: Iterable[Partition]) -> None:
        """Forget these, and what a transaction would make of them."""
        for partition in partitions:
            self._written.pop(partition, None)
            for waiting in self._undecided.values():
                waiting.pop(partition, None)
        self._undecided = {key: waiting for key, waiting in self._undecided.items() if waiting}

    def entries(self) -> list[tuple[int | None, Partition, Committed, int]]:
        """All that is kept, in the order in which it was written, with its time; and with the
        producer on whose transaction it waits, if it does."""
        every = [(each.order, None, place, each) for place, each in self._written.items()]
        every += [
            (each.order, producer_id, place, each)  # type: ignore[misc]
            for producer_id, waiting in self._undecided.items()
            for place, each in waiting.items()
        ]
        every.sort(key=lambda entry: entry[0])
        return [(producer, place, each.committed, each.at) for _, producer, place, each in every]

    def topics(self) -> set[str]:
        """The topics of which anything is kept or waits."""
        waiting = (partition for kept in self._undecided.values() for partition in kept)
        return {topic for topic, _ in [*self._written, *waiting]}

    def of_topic(self, topic: str) -> list[Partition]:
        """The partitions of a topic of which anything is kept or waits."""
        waiting = (partition for kept in self._undecided.values() for partition in kept)
        every = dict.fromkeys([*self._written, *waiting])
        return [partition for partition in every if partition[0] == topic]

    def _ordered(
        self, offsets: Mapping[Partition, Committed], now: int
    ) -> dict[Partition, _Written]:
        self._order += 1
        return {partition: _Written(new, now, self._order) for partition, new in offsets.items()}

    def _refuse_unstable(self, wanted: Iterable[Partition] | None) -> None:
        for partition in self._all_waiting() if wanted is None else wanted:
            if self._waits(partition):
                raise LogError(
                    Code.UNSTABLE_OFFSET_COMMIT,
                    f"a transaction that is not decided yet has written an offset of "
                    f"{partition[0]}[{partition[1]}]; ask again when it is over",
                )

    def _all_waiting(self) -> list[Partition]:
        return [partition for waiting in self._undecided.values() for partition in waiting]

    def _waits(self, partition: Partition) -> bool:
        return any(partition in waiting for waiting in self._undecided.values())
