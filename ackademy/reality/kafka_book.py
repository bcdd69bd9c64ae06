"""What went over Kafka's connections, as events of a trace.

What a broker has answered is what happened: an append by the answer to its Produce, a commit by
that to its OffsetCommit or TxnOffsetCommit, the end of a transaction by that to its EndTxn, or to
the InitProducerId that fenced it (KIP-98). A record counts as handed out when it comes in the
answer to a Fetch: a client hands it on to its application some time after that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ackademy.reality.clock import RealClock
from ackademy.reality.kafka_wire import batches_of, shown
from graders.judges.records import partitions
from minibroker.sim.trace import (
    Appended,
    OffsetsCommitted,
    Polled,
    Rebalanced,
    Trace,
    TransactionBegan,
    TransactionEnded,
)
from minibroker.sim.values import Value
from minibroker.wire.kafka.assignments import owned

Spot = tuple[str, int, int]
"""Topic, partition, offset."""

READ_COMMITTED = 1


@dataclass
class KafkaBook:
    """All that one run's clients were told by the broker."""

    trace: Trace
    clock: RealClock
    messages: dict[Spot, int] = field(default_factory=dict)
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    """A member id to its group and the incarnation that it is."""
    open: dict[str, list[Spot]] = field(default_factory=dict)
    """A transactional id whose transaction is open to the records in it."""
    along: dict[str, list[tuple[tuple[str, str, int], int]]] = field(default_factory=dict)
    """A transactional id to the offsets that go with its transaction."""
    aborted: set[Spot] = field(default_factory=set)
    committed: dict[tuple[str, str, int], int] = field(default_factory=dict)
    """Group, topic and partition to the offset that was committed last."""
    topic_ids: dict[Any, str] = field(default_factory=dict)
    shares: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    """An incarnation to the partitions that it was told are its own."""
    last: dict[str, str] = field(default_factory=dict)
    """An incarnation to what it has produced last, by `ackademy.reality.points.about`."""
    _groups: dict[str, str] = field(default_factory=dict)
    _generations: set[tuple[str, int]] = field(default_factory=set)

    # --- records ---------------------------------------------------------------------------

    def appended(
        self,
        who: str,
        spot: Spot,
        key: bytes | None,
        value: bytes | None,
        headers: list[Value],
        transaction: str = "",
    ) -> int:
        """A record stands at a spot; gives its number. The same spot twice is one record."""
        if spot in self.messages:
            return self.messages[spot]
        if transaction:
            self.began(who, transaction)
            self.open[transaction].append(spot)
        number = self.messages[spot] = self.trace.new_message()
        self.trace.append(
            Appended(
                at=self.clock.tick(),
                who=who,
                message=number,
                topic=spot[0],
                partition=spot[1],
                offset=spot[2],
                key=key,
                value=value,
                headers=headers,
                transaction=transaction,
            )
        )
        return number

    def produced(
        self, who: str, topic: str, partition: int, offset: int, records: bytes, transaction: str
    ) -> None:
        """The batches of a Produce stand at `offset` and after it."""
        for batch in batches_of(records):
            for delta, record in enumerate(shown(batch)):
                self.appended(
                    who,
                    (topic, partition, offset + delta),
                    record.key,
                    record.value,
                    record.headers,
                    transaction,
                )

    def fetched(
        self,
        who: str,
        topic: str,
        partition: int,
        since: int,
        records: bytes,
        isolation: int,
        none_aborted: bool = False,
    ) -> list[bytes]:
        """Records came in the answer to a Fetch from offset `since`; gives the values of those that
        the client hands on. `none_aborted`: the answer names no aborted transaction."""
        values = []
        for batch in batches_of(records):
            if batch.control is not None:
                continue
            for delta, record in enumerate(shown(batch)):
                spot = topic, partition, batch.base_offset + delta
                if spot[2] < since or (isolation == READ_COMMITTED and spot in self.aborted):
                    continue
                if (topic, partition) not in self.shares.get(who, {(topic, partition)}):
                    continue  # it came too late: the client gave the partition up meanwhile
                if isolation == READ_COMMITTED and none_aborted:
                    self._shown_as_committed(spot)
                number = self.messages.get(spot)
                if number is None:
                    number = self.appended("broker", spot, record.key, record.value, record.headers)
                values.append(record.value or b"")
                self.trace.append(
                    Polled(
                        at=self.clock.tick(),
                        who=who,
                        group=self._groups.get(who, ""),
                        message=number,
                        topic=topic,
                        partition=partition,
                        offset=spot[2],
                    )
                )
        return values

    def _shown_as_committed(self, spot: Spot) -> None:
        """A reader of committed records was given this one: its transaction has been committed,
        though the answer to its EndTxn may still be on the way to the producer."""
        for transaction, spots in list(self.open.items()):
            if spot in spots:
                self.ended("broker", transaction, "committed")

    # --- transactions ----------------------------------------------------------------------

    def began(self, who: str, transaction: str) -> None:
        """Something of a transaction reached the broker."""
        if transaction not in self.open:
            self.open[transaction] = []
            self.trace.append(
                TransactionBegan(at=self.clock.tick(), who=who, transaction=transaction)
            )

    def ended(self, who: str, transaction: str, how: str, why: str = "asked") -> None:
        """It was decided."""
        if transaction not in self.open:
            return
        spots = self.open.pop(transaction)
        along = self.along.pop(transaction, [])
        if how == "committed":
            self.committed |= dict(along)
        else:
            self.aborted |= set(spots)
        self.trace.append(
            TransactionEnded(
                at=self.clock.tick(), who=who, transaction=transaction, how=how, why=why
            )
        )

    # --- groups ----------------------------------------------------------------------------

    def joined(self, who: str, group: str, member: str) -> None:
        """An incarnation is a member of a group."""
        self.members[member] = group, who
        self._groups[who] = group

    def told(self, who: str, assignment: bytes) -> None:
        """An incarnation knows what is its own."""
        self.shares[who] = set(partitions(owned(assignment)))

    def assigned(self, group: str, generation: int, shares: Iterable[Any]) -> None:
        """The leader of a group has shared its partitions out."""
        owners: dict[str, Value] = {
            self.members[each.member_id][1]: owned(each.assignment)
            for each in shares
            if each.member_id in self.members
        }
        if owners and (group, generation) not in self._generations:
            self._generations.add((group, generation))
            self.trace.append(
                Rebalanced(at=self.clock.tick(), group=group, generation=generation, owners=owners)
            )

    def offsets(
        self, who: str, group: str, moved: list[tuple[str, int, int]], transaction: str = ""
    ) -> None:
        """A group's positions were committed, or go with a transaction."""
        if not moved:
            return
        places = [((group, topic, partition), offset) for topic, partition, offset in moved]
        if transaction:
            self.began(who, transaction)
            self.along.setdefault(transaction, []).extend(places)
        else:
            self.committed |= dict(places)
        self.trace.append(
            OffsetsCommitted(
                at=self.clock.tick(),
                who=who,
                group=group,
                offsets=[list(each) for each in moved],
                transaction=transaction,
            )
        )
