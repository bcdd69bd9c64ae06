"""What the trace tells of records that went out to clients, as the simulator's consumers tell it.

The broker sees what it sends, not what the application takes: a client fetches ahead, and all that
it is sent counts as polled. A fetch says nothing of a group either, and comes on another connection
than the group's requests. So the group is taken from what the trace tells of the client's id: it
owns the partition in one group, or was ever in one group only. Where several clients have one id in
several groups, nobody knows, and the group is empty; a ``client.id`` for each tells them apart.
"""

from collections.abc import Collection, Sequence
from typing import cast

from minibroker.log.aborted import Aborted
from minibroker.log.batch import Batch
from minibroker.log.cluster import Cluster
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Event, OffsetsCommitted, Polled, Rebalanced, Trace
from minibroker.sim.values import Value
from minibroker.wire.kafka.batches import BYTES


class Handed:
    """Appends to a trace that is kept; for another it is not to be asked."""

    def __init__(self, cluster: Cluster, clock: Clock, trace: Trace) -> None:
        self._cluster, self._clock, self._trace = cluster, clock, trace
        self._read = 0
        self._owners: dict[str, dict[str, list[Value]]] = {}
        self._groups: dict[str, set[str]] = {}

    def tell(
        self,
        who: str,
        topic: str,
        partition: int,
        offset: int,
        batches: Sequence[Batch],
        aborted: Collection[Aborted],
    ) -> None:
        """`who` was sent these when it asked for `offset`. What its library leaves out is left out:
        records before that, control batches, and what these transactions wrote."""
        group, now = self._group(who, topic, partition), self._clock.now
        for batch in batches:
            if batch.control is not None or _hidden(batch, aborted):
                continue
            for at in _offsets(batch):
                if at < offset:
                    continue
                message = self._cluster.message_at(topic, partition, at)
                self._trace.append(
                    Polled(
                        at=now, who=who, group=group, message=message, topic=topic,
                        partition=partition, offset=at,
                    )
                )  # fmt: skip

    def _group(self, who: str, topic: str, partition: int) -> str:
        for event in self._trace.events[self._read :]:
            self._learn(event)
        self._read = len(self._trace)
        place: Value = [topic, partition]
        owns = {name for name, owners in self._owners.items() if place in owners.get(who, ())}
        found = owns or self._groups.get(who, set())
        return next(iter(found)) if len(found) == 1 else ""

    def _learn(self, event: Event) -> None:
        if isinstance(event, Rebalanced):
            self._owners[event.group] = cast("dict[str, list[Value]]", event.owners)
            for who in event.owners:
                self._groups.setdefault(who, set()).add(event.group)
        elif isinstance(event, OffsetsCommitted) and not event.transaction:
            self._groups.setdefault(event.who, set()).add(event.group)


def _hidden(batch: Batch, aborted: Collection[Aborted]) -> bool:
    return batch.transactional and any(
        each.producer_id == batch.producer_id
        and each.first_offset <= batch.base_offset <= each.last_offset
        for each in aborted
    )


def _offsets(batch: Batch) -> list[int]:
    """Of its records: all that it spans, unless compaction has taken some out."""
    if batch.records == batch.last_delta + 1:
        return list(range(batch.base_offset, batch.next_offset))
    return [batch.base_offset + each.delta for each in BYTES.entries(batch.payload)]
