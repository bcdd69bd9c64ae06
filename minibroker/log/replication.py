"""How records come from a leader to its followers, and what happens when brokers come and go.

Rule: all that happens between brokers over time is here: when who fetches, who leaves and enters
the ISR, when there is an election. A partition's state is in `minibroker.log.partition`; who is to
lead is decided in `minibroker.log.election`; what a follower's log gives up and takes over is in
`minibroker.log.following`.

Theory of operation. A follower fetches `REPLICA_FETCH` after there is something for it, not at
once, so what is acknowledged with ``acks=1`` may yet be lost with the leader. Its request says how
far its log goes, from which the leader moves the high watermark; the answer brings batches and the
leader's high watermark. It fetches again as long as an answer brings anything, and rests then.

A broker is *online* while the controller takes it to be there. One that is stopped is not, at once;
one that is cut off is not from `BROKER_SESSION` on, when it has not sent a heartbeat for so long
(``broker.session.timeout.ms``). A broker that goes offline leaves all ISRs, and other replicas lead
for it in a new *leader epoch*. When it is there again it follows: it asks where its last epoch
ended in the leader's log, gives up what it has beyond that, and fetches (KIP-101, KIP-279). It is
in sync again when it has all that is below the high watermark, and if it is the first of the
partition's replicas, the *preferred leader*, it leads again some minutes later.

A follower that stays behind its leader for ``replica.lag.time.max.ms`` (30 s) would leave the ISR
too, but a broker here is either reached by all or by none, and is given up long before.
"""

from collections.abc import Callable, Iterable

from minibroker.log import election, following
from minibroker.log.errors import Code, LogError
from minibroker.log.log import Log
from minibroker.log.partition import NOBODY, Partition, Produced, Waiting
from minibroker.log.pending import Pending
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import (
    BrokerStarted,
    BrokerStopped,
    IsrChanged,
    LeaderChanged,
    LogTruncated,
    Trace,
)
from minibroker.sim.values import Value

REPLICA_FETCH = 500
"""Microseconds from when there is something for a follower to when it has fetched it."""

REBALANCE_CHECK = 300 * SECOND
"""``leader.imbalance.check.interval.seconds``: so long a preferred leader that is in sync again
waits here until it leads again (``auto.leader.rebalance.enable``)."""

BROKER_SESSION = 9 * SECOND
"""``broker.session.timeout.ms``, KRaft's default."""


class Replication:
    """The brokers of one cluster. `partitions` gives all of them; `changed` is called when
    something new may be read or a leader has changed, `movable` when a partition that could not be
    written to may be one that can."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: Callable[[int, Callable[[], None]], None],
        brokers: Iterable[int],
        partitions: Callable[[], Iterable[Partition]],
        changed: Callable[[], None],
        movable: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._trace = trace
        self._at = at
        self._partitions = partitions
        self._changed = changed
        self._movable = movable
        self.online = set(brokers)
        self._running = set(brokers)
        self._apart: dict[int, int] = {}  # broker: when it was cut off

    # --- partitions ------------------------------------------------------------------------

    def begin(self, partition: Partition) -> None:
        """A partition is new: its first replica leads, and all are in sync."""
        partition.isr = list(partition.replicas)
        partition.leader = partition.replicas[0]
        partition.log = partition.logs[partition.leader]
        partition.log.begin_epoch(partition.epoch)
        partition.known_end = dict.fromkeys(partition.replicas, 0)

    def drop(self, partition: Partition) -> None:
        """A partition is deleted; who waits is told."""
        partition.leader, partition.log = NOBODY, None
        partition.epoch += 1
        waiting, partition.waiting = partition.waiting, []
        for request in waiting:
            request.answer.settle(
                LogError(Code.UNKNOWN_TOPIC_OR_PARTITION, f"topic {partition.topic!r} is deleted")
            )

    def wait(
        self,
        partition: Partition,
        required: int,
        answer: Pending[Produced],
        produced: Produced,
        timeout_us: int | None,
    ) -> None:
        """Answer when the high watermark reaches `required`; without a timeout it may take for
        ever. To be followed by `appended`."""
        if partition.led().high_watermark >= required:
            answer.settle(produced)
            return
        deadline = None if timeout_us is None else self._clock.now + timeout_us
        partition.waiting.append(
            Waiting(required, partition.leader, partition.epoch, deadline, answer, produced)
        )
        if deadline is not None and len(partition.replicas) > 1:
            self._set_timer(partition, deadline)

    def appended(self, partition: Partition) -> None:
        """The leader's log has grown, or its start has moved."""
        if len(partition.replicas) > 1:
            self._wake(partition)
        self._commit(partition)

    def reconsider(self, partitions: Iterable[Partition]) -> None:
        """A topic's configuration has changed: it may have a leader now, or commit more."""
        for partition in partitions:
            self._elect(partition)
            self._commit(partition)
        self._movable()

    def _commit(self, partition: Partition) -> None:
        moved = partition.commit()
        reached = partition.reached()
        if moved:
            self._wake(partition)
        for request in reached:
            request.answer.settle(request.produced)
        if moved:
            self._changed()

    # --- fetching --------------------------------------------------------------------------

    def _reach(self, one: int, other: int) -> bool:
        """Whether two brokers can talk to each other."""
        return (
            one in self._running
            and other in self._running
            and one not in self._apart
            and other not in self._apart
        )

    def _wake(self, partition: Partition) -> None:
        """There is something for the followers: those that do not fetch already do so soon."""
        for broker in partition.replicas:
            if (
                broker != partition.leader
                and broker not in partition.fetching
                and self._reach(broker, partition.leader)
            ):
                partition.fetching.add(broker)
                self._at(
                    self._clock.now + REPLICA_FETCH,
                    lambda broker=broker: self._fetch(partition, broker),  # type: ignore[misc]
                )

    def _fetch(self, partition: Partition, broker: int) -> None:
        partition.fetching.discard(broker)
        leader = partition.log
        if leader is None or broker == partition.leader:
            return
        if not self._reach(broker, partition.leader):
            return
        log = partition.logs[broker]
        news = partition.known_end.get(broker) != log.end
        partition.known_end[broker] = log.end
        # A new leader may not know yet how far its predecessor had committed, so the follower must
        # also have what was there when it was elected.
        committed = max(leader.high_watermark, partition.epoch_start)
        if broker in self.online and log.end >= committed:
            self._enter(partition, broker)
        self._commit(partition)
        if partition.log is not leader:
            return  # whoever was answered did something to the brokers
        news = following.copy(leader, log) or news
        if news:
            self._wake(partition)

    def _enter(self, partition: Partition, broker: int) -> None:
        if election.enter(partition, broker):
            self._tell_isr(partition)
            self._movable()
            if broker == partition.replicas[0]:
                self._at(self._clock.now + REBALANCE_CHECK, lambda: self._prefer(partition))

    def _tell_isr(self, partition: Partition) -> None:
        self._trace.append(
            IsrChanged(
                at=self._clock.now,
                topic=partition.topic,
                partition=partition.number,
                isr=_values(partition.isr),
            )
        )

    # --- waiting too long ------------------------------------------------------------------

    def _set_timer(self, partition: Partition, deadline: int) -> None:
        # One timer a partition: a run ends when the last is over, needed or not.
        if partition.deadline is None or deadline < partition.deadline:
            partition.deadline = deadline
            self._at(deadline, lambda: self._time_out(partition, deadline))

    def _time_out(self, partition: Partition, deadline: int) -> None:
        if partition.deadline != deadline:
            return
        partition.deadline = None
        now = self._clock.now
        late = [w for w in partition.waiting if w.deadline is not None and w.deadline <= now]
        partition.waiting = [w for w in partition.waiting if w not in late]
        rest = [w.deadline for w in partition.waiting if w.deadline is not None]
        if rest:
            self._set_timer(partition, min(rest))
        for request in late:
            request.answer.settle(
                LogError(
                    Code.REQUEST_TIMED_OUT,
                    f"the replicas in sync of partition {partition.number} of "
                    f"{partition.topic!r} did not have the batch in time; the leader has it",
                )
            )

    # --- brokers ---------------------------------------------------------------------------

    def stop(self, broker: int) -> None:
        """See `minibroker.log.cluster.Cluster.stop`."""
        if broker not in self._running:
            return
        self._running.discard(broker)
        self._apart.pop(broker, None)
        self._trace.append(BrokerStopped(at=self._clock.now, broker=broker))
        self._offline(broker)
        for partition in self._mine(broker):
            self._turn_away(partition)

    def start(self, broker: int) -> None:
        """See `minibroker.log.cluster.Cluster.start`."""
        if broker in self._running:
            return
        self._running.add(broker)
        self._trace.append(BrokerStarted(at=self._clock.now, broker=broker))
        self._back(broker)

    def cut_off(self, broker: int) -> None:
        """See `minibroker.log.cluster.Cluster.cut_off`."""
        if broker not in self._running or broker in self._apart:
            return
        now = self._apart[broker] = self._clock.now
        self._trace.append(BrokerStopped(at=now, broker=broker, how="cut off"))
        self._at(now + BROKER_SESSION, lambda: self._give_up(broker, now))

    def rejoin(self, broker: int) -> None:
        """See `minibroker.log.cluster.Cluster.rejoin`."""
        if self._apart.pop(broker, None) is None:
            return
        self._trace.append(BrokerStarted(at=self._clock.now, broker=broker))
        self._back(broker)

    def _give_up(self, broker: int, since: int) -> None:
        if self._apart.get(broker) == since:
            self._offline(broker)

    def _mine(self, broker: int) -> list[Partition]:
        return [p for p in self._partitions() if broker in p.replicas]

    def _offline(self, broker: int) -> None:
        """The controller takes the broker to be gone."""
        if broker not in self.online:
            return
        self.online.discard(broker)
        for partition in self._mine(broker):
            left = election.leave(partition, broker)
            elected = self._elect(partition)
            if left and not elected:
                self._tell_isr(partition)
            self._commit(partition)
        self._movable()

    def _back(self, broker: int) -> None:
        """The broker is there again and can talk to the others."""
        self.online.add(broker)
        for partition in self._mine(broker):
            if not self._elect(partition):
                self._gather(partition)
            self._turn_away(partition)
        self._movable()

    # --- elections -------------------------------------------------------------------------

    def elect(self, partition: Partition, *, unclean: bool) -> None:
        """See `minibroker.log.cluster.Cluster.elect_leader`."""
        leader = election.asked_for(partition, self.online, unclean=unclean)
        self._lead(partition, leader, clean=not unclean)
        self._movable()

    def _elect(self, partition: Partition) -> bool:
        """Let the right broker lead; gives whether it is another than before."""
        leader, clean = election.chosen(partition, self.online)
        if leader == partition.leader:
            return False
        self._lead(partition, leader, clean)
        return True

    def _prefer(self, partition: Partition) -> None:
        """Let the preferred leader lead, if it can and its topic is still there."""
        preferred = partition.replicas[0]
        if (
            partition.log is not None
            and partition.leader != preferred
            and preferred in partition.isr
            and preferred in self.online
        ):
            self._lead(partition, preferred, clean=True)

    def _lead(self, partition: Partition, leader: int, clean: bool) -> None:
        partition.leader = leader
        partition.epoch += 1
        partition.log = partition.logs[leader] if leader != NOBODY else None
        if not clean:
            partition.isr = [leader]
            partition.elr = []
        elif leader != NOBODY:
            election.enter(partition, leader)  # it may have been eligible only
        self._trace.append(
            LeaderChanged(
                at=self._clock.now,
                topic=partition.topic,
                partition=partition.number,
                leader=leader,
                epoch=partition.epoch,
                isr=_values(partition.isr),
                clean=clean,
            )
        )
        if partition.log is not None:
            partition.log.begin_epoch(partition.epoch)
            partition.known_end = {}
            partition.epoch_start = partition.log.end
            self._gather(partition)
        self._turn_away(partition)
        self._commit(partition)
        self._changed()

    def _turn_away(self, partition: Partition) -> None:
        """Requests that an earlier leader had taken are answered when it knows that it is one."""
        log, waiting = partition.log, partition.waiting
        stale = [w for w in waiting if w.epoch != partition.epoch or log is None]
        stale = [w for w in stale if w.leader not in self._apart]
        if not stale:
            return
        partition.waiting = [w for w in waiting if w not in stale]
        for request in stale:
            request.answer.settle(
                LogError(
                    Code.NOT_LEADER_OR_FOLLOWER,
                    f"broker {request.leader} does not lead partition {partition.number} of "
                    f"{partition.topic!r} any more; the batch may or may not be kept",
                )
            )

    def _gather(self, partition: Partition) -> None:
        """Whoever can be reached learns who leads, and fetches."""
        leader = partition.log
        if leader is None:
            return
        for broker in partition.replicas:
            if broker != partition.leader and self._reach(broker, partition.leader):
                self._follow(partition, broker, leader)
        self._wake(partition)

    def _follow(self, partition: Partition, broker: int, leader: Log) -> None:
        """A follower gives up what the leader's log does not have."""
        log = partition.logs[broker]
        cut = following.truncate(leader, log)
        if cut:
            self._trace.append(
                LogTruncated(
                    at=self._clock.now,
                    topic=partition.topic,
                    partition=partition.number,
                    broker=broker,
                    offset=cut[0].base_offset,
                    lost=_values(following.lost(partition, cut)),
                )
            )


def _values(numbers: Iterable[int]) -> list[Value]:
    return list(numbers)
