"""Brokers that come and go, producers that are fenced, and what must hold all the same.

The model does not say where a record goes. It keeps what clients were promised and holds the
cluster to it: what ``acks=all`` acknowledged is never lost while elections are clean, what was read
once stays where it was, whoever reads committed sees nothing that is open or aborted, and a request
that is refused at once has changed nothing. With unclean elections all that can be held to is that
the replicas agree in the end, and that the trace tells of each record that was lost.
"""

import contextlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from minibroker.log.errors import Code, LogError
from minibroker.sim.trace import Appended, LeaderChanged, LogTruncated
from tests.minibroker.log.brokers import TOPIC, Brokers, Producer

BROKERS = (1, 2, 3)
SPANS = (0.0003, 0.0005, 0.001, 0.002, 4, 10)
LONG = 900_000_000
AFTERWARDS = {Code.NOT_LEADER_OR_FOLLOWER, Code.REQUEST_TIMED_OUT}
"""The refusals of a batch that was appended."""


class ClusterMachine(RuleBasedStateMachine):
    unclean = False

    @initialize(least=st.integers(1, 3), partitions=st.integers(1, 2))
    def begins(self, least, partitions):
        self.partitions = range(partitions)
        self.brokers = Brokers(
            3,
            partitions=partitions,
            min_insync_replicas=least,
            unclean_leader_election_enable=str(self.unclean).lower(),
        )
        self.sent = 0
        self.promised = []  # (partition, value, answer) of acks=all
        self.never = set()  # values that were refused at once
        self.open = {}  # transactional producer: values of its open transaction
        self.undecided, self.aborted = set(), set()
        self.seen = {partition: {} for partition in self.partitions}
        self.old = []

    # --- what happens --------------------------------------------------------------------------

    # One rule for all: hypothesis leaves most rules out of most of its runs.
    @rule(
        what=st.sampled_from(
            [
                *("sends", "passes", "sends", "passes", "passes"),
                *("stops", "starts", "cuts_off", "rejoins", "starts", "rejoins"),
                *("writes", "writes", "ends", "takes_over", "zombie"),
            ]
        ),
        broker=st.sampled_from(BROKERS),
        partition=st.integers(0, 1),
        span=st.sampled_from(SPANS),
        acks=st.sampled_from([-1, -1, 1]),
        flag=st.booleans(),
    )
    def happens(self, what, broker, partition, span, acks, flag):
        cluster, partition = self.brokers.cluster, partition % len(self.partitions)
        match what:
            case "sends":
                self.send(partition, lambda value: self.brokers.send(
                    value, acks=acks, partition=partition
                ), acks)  # fmt: skip
            case "passes":
                self.brokers.passes(span)
            case "stops":
                cluster.stop(broker)
            case "starts":
                cluster.start(broker)
            case "cuts_off":
                cluster.cut_off(broker)
            case "rejoins":
                cluster.rejoin(broker)
            case "writes":
                self.write(partition)
            case "ends":
                self.end(commit=flag)
            case "takes_over":
                self.take_over()
            case "zombie":
                self.zombie(partition, commit=flag)

    def send(self, partition, sends, acks=-1):
        self.sent += 1
        value = b"%d" % self.sent
        before = self.state()
        answer = sends(value)
        if answer.done and (code := self.refused(answer)) and code not in AFTERWARDS:
            assert self.state() == before
            self.never.add(value)
        elif acks == -1:
            self.promised.append((partition, value, answer))
        return value

    def write(self, partition):
        producer = self.producer()
        try:
            if producer is None:
                return
            producer.adds(partition)
        except LogError:
            return
        value = self.send(partition, lambda value: producer.sends(value, partition=partition))
        self.undecided.add(value)
        self.open[producer].add(value)

    def end(self, commit):
        producer = self.producer()
        if producer is None:
            return
        try:
            producer.ends(commit)
        except LogError:
            return
        self.decide(producer, commit)

    def take_over(self):
        old = self.producer()
        new = None
        if self.brokers.cluster.brokers():
            with contextlib.suppress(LogError):  # CONCURRENT_TRANSACTIONS; what is open is aborted
                new = Producer(self.brokers, timeout_us=LONG)
        elif old is not None:
            return
        if old is not None:
            self.decide(old, commit=False)
            if new is not None or self.brokers.transactions.describe("shop").epoch != old.epoch:
                self.open.pop(old)
                self.old.append(old)
        if new is not None:
            self.open[new] = set()

    def zombie(self, partition, commit):
        if not self.old:
            return
        zombie, before = self.old[-1], self.state()
        up = bool(self.brokers.cluster.brokers())
        for asks in (lambda: zombie.adds(partition), lambda: zombie.ends(commit)):
            with pytest.raises(LogError) as refused:
                asks()
            fenced = Code.PRODUCER_FENCED if up else Code.COORDINATOR_NOT_AVAILABLE
            assert refused.value.code is fenced
        answer = zombie.sends(b"zombie", partition=partition)
        assert self.refused(answer) in {
            Code.INVALID_PRODUCER_EPOCH,
            Code.LEADER_NOT_AVAILABLE,
            Code.NOT_ENOUGH_REPLICAS,
        }
        assert self.state() == before

    def producer(self):
        return next(iter(self.open), None)

    def decide(self, producer, commit):
        values = self.open[producer]
        self.undecided -= values
        if not commit:
            self.aborted |= values
        self.open[producer] = set()

    @staticmethod
    def refused(answer):
        try:
            answer.get()
        except LogError as error:
            return error.code
        return None

    def state(self):
        """All that a request could have changed."""
        return [
            (broker, log.end, log.high_watermark, log.last_stable_offset, len(log.producers.known))
            for partition in self.brokers.cluster._topics[TOPIC]
            for broker, log in partition.logs.items()
        ]

    # --- what must hold --------------------------------------------------------------------

    @invariant()
    def what_was_read_stays_and_nothing_open_or_aborted_is_shown(self):
        for partition in self.partitions:
            if self.unclean or self.brokers.info(partition).leader == -1:
                continue
            cluster, seen = self.brokers.cluster, self.seen[partition]
            found, _ = cluster.records(TOPIC, partition, 0, read_committed=False, most=1_000)
            for offset, record in found:
                assert seen.setdefault(offset, record.value) == record.value
            found, _ = cluster.records(TOPIC, partition, 0, read_committed=True, most=1_000)
            values = {record.value for _, record in found}
            assert not values & self.undecided
            assert not values & self.aborted

    @invariant()
    def a_leader_has_all_that_was_acknowledged(self):
        for partition, value, answer in self.promised * (not self.unclean):
            log = self.brokers.cluster._topics[TOPIC][partition].log
            if log is None or not answer.done or self.refused(answer):
                continue
            (batch,) = log.read(answer.get().base_offset, 1, log.end)
            assert batch.payload[0].value == value

    @invariant()
    def all_in_sync_have_what_is_committed(self):
        for partition in self.brokers.cluster._topics[TOPIC] * (not self.unclean):
            committed = max(log.high_watermark for log in partition.logs.values())
            for broker in {*partition.isr, *partition.elr}:
                assert partition.logs[broker].end >= committed

    def teardown(self):
        if not hasattr(self, "brokers"):
            return
        for broker in BROKERS:
            self.brokers.cluster.start(broker)
            self.brokers.cluster.rejoin(broker)
        self.brokers.passes(60)
        for asked in (self.end, self.end):
            asked(commit=True)
            self.brokers.passes(60)
        self.what_was_read_stays_and_nothing_open_or_aborted_is_shown()
        self.a_leader_has_all_that_was_acknowledged()
        kept = self.all_replicas_agree()
        self.the_trace_tells_what_was_lost(kept)
        assert self.unclean or all(event.clean for event in self.brokers.of(LeaderChanged))
        assert all(answer.done for _, _, answer in self.promised)
        assert self.brokers.pending == [] or min(self.brokers.pending) > 100_000_000

    def all_replicas_agree(self):
        kept = set()
        for partition in self.brokers.cluster._topics[TOPIC]:
            one, *others = [log.read(0, 10**9, log.end) for log in partition.logs.values()]
            assert all(other == one for other in others)
            assert partition.isr == partition.replicas
            assert len({log.high_watermark for log in partition.logs.values()}) == 1
            assert partition.log.high_watermark == partition.log.end
            assert self.unclean or partition.log.open_transactions() == {}
            for batch in one:
                if batch.control is None:
                    offset, value = batch.base_offset, batch.payload[0].value
                    kept.add(value)
                    number = self.brokers.cluster.message_at(TOPIC, partition.number, offset)
                    assert self.numbers()[number] == value
        return kept

    def the_trace_tells_what_was_lost(self, kept):
        numbers = self.numbers()
        lost = [numbers[n] for event in self.brokers.of(LogTruncated) for n in event.lost]
        assert len(lost) == len(set(lost))
        assert kept.isdisjoint(lost)
        assert kept | set(lost) == set(numbers.values())
        assert kept.isdisjoint(self.never)
        acknowledged = {v for _, v, answer in self.promised if not self.refused(answer)}
        assert self.unclean or acknowledged <= kept

    def numbers(self):
        return {event.message: event.value for event in self.brokers.of(Appended)}


class UncleanMachine(ClusterMachine):
    unclean = True


TestCluster = ClusterMachine.TestCase
TestCluster.settings = settings(max_examples=100, stateful_step_count=40)
TestUnclean = UncleanMachine.TestCase
TestUnclean.settings = settings(max_examples=50, stateful_step_count=40)
