"""The partition log against a model that any reader can check at a glance.

The model is the list of all batches that were ever appended and not cut, each with what it held. It
deletes and compacts nothing: what producers, transactions and readers must see follows from that
list, and what may be missing is said by the rules of retention and compaction.
"""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minibroker.log.batch import Batch
from minibroker.log.errors import Code
from minibroker.log.log import Log
from minibroker.log.producers import REMEMBERED, Duplicate
from tests.minibroker.log.making import (
    NOW,
    a_log,
    as_text,
    in_transaction,
    marker,
    of_producer,
    records,
    refused,
    shown,
)

SETTINGS = {
    "cleanup.policy": "compact,delete",
    "internal.segment.bytes": "200",
    "retention.ms": "5000",
    "min.cleanable.dirty.ratio": "0",
    "delete.retention.ms": "1000",
}
PRODUCERS = (1, 2, 3)

values = st.lists(st.sampled_from(["a=1", "a=2", "a=", "b=1", "b=", "c=3"]), min_size=1, max_size=3)
producers = st.sampled_from(PRODUCERS)


class PartitionLog(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.log = a_log(SETTINGS)
        self.history: list[Batch] = []
        self.now = NOW
        self.epoch = 0
        self.compacted_below = 0

    # --- what is done ----------------------------------------------------------------------

    def append(self, batch: Batch) -> None:
        end = self.log.end
        stamped = self.log.append(batch, self.epoch, self.now)
        assert stamped.base_offset == end
        assert self.log.end == end + batch.records
        self.history.append(stamped)

    @rule(values=values)
    def a_client_without_an_id_writes(self, values):
        self.append(records(*values, at=self.now))

    @rule(producer=producers, values=values, transactional=st.booleans(), newer=st.booleans())
    def a_producer_writes(self, producer, values, transactional, newer):
        epoch, sequence = self.next_of(producer)
        if producer in self.undecided():
            newer, transactional = False, True
        if newer:
            epoch, sequence = epoch + 1, 0
        make = in_transaction if transactional else of_producer
        self.append(make(producer, sequence, *values, epoch=epoch, at=self.now))

    @rule(producer=producers, how=st.sampled_from(["commit", "abort"]), newer=st.booleans())
    def the_coordinator_ends_a_transaction(self, producer, how, newer):
        epoch, _ = self.next_of(producer)
        self.append(marker(producer, how, epoch=epoch + newer, at=self.now))

    @rule(producer=producers, back=st.integers(1, 7))
    def a_producer_sends_a_batch_again(self, producer, back):
        epoch, _ = self.next_of(producer)
        of_epoch = self.numbered(producer, epoch)
        if len(of_epoch) < back:
            return
        sent = of_epoch[-back]
        if back <= REMEMBERED:
            with pytest.raises(Duplicate) as again:
                self.log.append(sent, self.epoch, self.now)
            assert again.value.batch.base_offset == sent.base_offset
        else:
            with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
                self.log.append(sent, self.epoch, self.now)

    @rule(producer=producers, ahead=st.integers(1, 3))
    def a_producer_leaves_something_out(self, producer, ahead):
        epoch, sequence = self.next_of(producer)
        if self.of(producer):
            with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
                batch = in_transaction(producer, sequence + ahead, "a=9", epoch=epoch, at=self.now)
                self.log.append(batch, self.epoch, self.now)

    @rule(producer=producers)
    def a_zombie_writes(self, producer):
        epoch, sequence = self.next_of(producer)
        if self.of(producer):
            with refused(Code.INVALID_PRODUCER_EPOCH):
                batch = in_transaction(producer, sequence, "a=9", epoch=epoch - 1, at=self.now)
                self.log.append(batch, self.epoch, self.now)

    @rule(share=st.floats(0, 1))
    def replicas_catch_up(self, share):
        to = round(self.log.high_watermark + share * (self.log.end - self.log.high_watermark))
        ends = [batch.next_offset for batch in self.history if batch.next_offset <= to]
        before = self.log.high_watermark
        if ends:
            self.log.advance_high_watermark(ends[-1])
        assert self.log.high_watermark == max(before, ends[-1] if ends else 0)

    @rule(share=st.floats(0, 1))
    def another_leader_is_elected_and_has_less(self, share):
        high, end = self.log.high_watermark, self.log.end
        least = high + share * (end - high)
        to = next((batch.base_offset for batch in self.history if batch.base_offset >= least), end)
        kept = [batch for batch in self.history if batch.next_offset <= to]
        cut = self.log.truncate(to)
        assert cut == self.history[len(kept) :]
        self.history = kept
        self.epoch += 1
        self.log.begin_epoch(self.epoch)

    @rule(share=st.floats(0, 1))
    def records_are_deleted(self, share):
        to = round(share * self.log.high_watermark)
        start = self.log.start
        self.log.delete_before(to)
        assert self.log.start == max(start, to)

    @rule(passes=st.integers(0, 3000))
    def time_passes(self, passes):
        self.now += passes

    @rule()
    def retention_comes_by(self):
        before = shown(self.log)
        start = self.log.start
        self.log.retain(self.now)
        assert start <= self.log.start <= self.log.high_watermark
        left = shown(self.log)
        assert left == [each for each in before if each[0] >= self.log.start]
        gone = [offset for offset, _ in before if offset < self.log.start]
        for batch in self.history:
            if any(batch.base_offset <= offset <= batch.last_offset for offset in gone):
                assert batch.max_timestamp < self.now - 5000

    @precondition(lambda self: self.log.end > 3)
    @rule()
    def the_cleaner_comes_by(self):
        before = shown(self.log, read_committed=True)
        if self.log.compact(self.now):
            self.compacted_below = self.log._dirty_from
        left = shown(self.log, read_committed=True)
        assert set(left) <= set(before)
        assert left == sorted(left)
        below = self.compacted_below
        assert [each for each in left if each[0] >= below] == [
            each for each in before if each[0] >= below
        ]
        assert living(left) == living(before)
        cleaned = [text.partition("=")[0] for offset, text in left if offset < below]
        assert len(cleaned) == len(set(cleaned))

    # --- what must hold --------------------------------------------------------------------

    def of(self, producer: int) -> list[Batch]:
        return [batch for batch in self.history if batch.producer_id == producer]

    def numbered(self, producer: int, epoch: int) -> list[Batch]:
        """The batches with sequence numbers since the producer came to its epoch."""
        return [
            batch
            for batch in self.of(producer)
            if batch.control is None and batch.producer_epoch == epoch
        ]

    def next_of(self, producer: int) -> tuple[int, int]:
        """Its epoch and its next sequence number."""
        known = self.of(producer)
        if not known:
            return 0, 0
        epoch = known[-1].producer_epoch
        return epoch, sum(batch.records for batch in self.numbered(producer, epoch))

    def transactions(self) -> Iterator[tuple[int, int, Batch | None]]:
        """Producer id, first offset and control batch, if it ended, of each transaction."""
        began: dict[int, int] = {}
        for batch in self.history:
            if batch.control is not None:
                first = began.pop(batch.producer_id, None)
                if first is not None:
                    yield batch.producer_id, first, batch
            elif batch.transactional:
                began.setdefault(batch.producer_id, batch.base_offset)
        for producer, first in began.items():
            yield producer, first, None

    def undecided(self) -> dict[int, int]:
        return {producer: first for producer, first, end in self.transactions() if end is None}

    def aborted_of(self, batch: Batch) -> bool:
        return any(
            end is not None
            and end.control == "abort"
            and producer == batch.producer_id
            and first <= batch.base_offset < end.base_offset
            for producer, first, end in self.transactions()
        )

    @invariant()
    def offsets_are_in_order(self):
        log = self.log
        assert 0 <= log.start <= log.last_stable_offset <= log.high_watermark <= log.end
        assert log.end == sum(batch.records for batch in self.history)

    @invariant()
    def open_transactions_are_those_without_an_end(self):
        assert self.log.open_transactions() == self.undecided()

    @invariant()
    def nothing_undecided_is_below_the_last_stable_offset(self):
        high = self.log.high_watermark
        undecided = [
            first for _, first, end in self.transactions() if end is None or end.base_offset >= high
        ]
        assert self.log.last_stable_offset == max(min([high, *undecided]), self.log.start)

    @invariant()
    def a_reader_sees_what_was_written_and_not_aborted(self):
        for committed, up_to in (
            (False, self.log.high_watermark),
            (True, self.log.last_stable_offset),
        ):
            expected = [
                (batch.base_offset + record.delta, as_text(record))
                for batch in self.history
                if batch.control is None and not (committed and self.aborted_of(batch))
                for record in batch.payload
                if self.log.start <= batch.base_offset + record.delta < up_to
            ]
            seen = shown(self.log, read_committed=committed)
            assert [each for each in expected if each[0] >= self.compacted_below] == [
                each for each in seen if each[0] >= self.compacted_below
            ]
            assert set(seen) <= set(expected)

    @invariant()
    def each_read_gives_the_batches_from_its_offset_on(self):
        log = self.log
        everything = log.read(log.start, 2**31, log.end)
        for offset in range(log.start, log.end + 1):
            expected = [batch for batch in everything if batch.next_offset > offset]
            assert log.read(offset, 2**31, log.end) == expected
            assert log.read(offset, 0, log.end) == expected[:1]

    @invariant()
    def the_log_is_as_if_only_what_is_left_had_been_written(self):
        fresh = a_log(SETTINGS)
        for batch in self.history:
            fresh.append_as_follower(batch)
        assert what_it_knows(self.log) == what_it_knows(fresh)

    @invariant()
    def epochs_begin_where_their_first_batch_is(self):
        for epoch in {batch.leader_epoch for batch in self.history}:
            of_epoch = [batch for batch in self.history if batch.leader_epoch == epoch]
            if of_epoch[-1].next_offset > self.log.start:
                assert self.log.end_offset_for(epoch) == (epoch, of_epoch[-1].next_offset)


def living(seen: list[tuple[int, str]]) -> dict[str, str]:
    """The last value of each key that has one."""
    last = dict(text.split("=") for _, text in seen)
    return {key: value for key, value in last.items() if value}


def what_it_knows(log: Log) -> object:
    """A log's memory of producers and their transactions, deleted batches or not."""
    return log.open_transactions(), {
        number: (
            producer.epoch,
            producer.last_sequence,
            [batch.base_offset for batch in producer.recent],
        )
        for number, producer in log.producers.known.items()
    }


TestPartitionLog = PartitionLog.TestCase
TestPartitionLog.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
