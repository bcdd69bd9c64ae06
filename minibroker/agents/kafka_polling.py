"""One consumer in the world: what its application is handed by a poll, and what goes on meanwhile.

A poll hands out, in this order: errors and reports of commits; what is to be told of a rebalance;
records. A rebalance of which the application does not want to be told is followed inside the poll.

While the application works on what it was handed the interval between its polls is watched: one
timer at most, and none once it polls in vain, so that a run can come to rest. A process that sleeps
long after such a poll is watched again.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minibroker.agents.kafka_commits import Commits
from minibroker.agents.kafka_consumer_settings import ConsumerSettings
from minibroker.agents.kafka_errors import KafkaFailure
from minibroker.agents.kafka_group import Membership, Tell
from minibroker.agents.kafka_positions import INVALID, Got, Key, Problem, Reader
from minibroker.sim.agent import Wait
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer
from minibroker.sim.trace import Assigned, Polled, Revoked
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

FOR_EVER = 2**63

CREATE_TIME, LOG_APPEND_TIME = 1, 2


@dataclass
class Callbacks:
    """Of what the application wants to be told."""

    on_assign: bool = False
    on_revoke: bool = False
    on_lost: bool = False
    on_commit: bool = False

    def wants(self, tell: Tell) -> bool:
        """Whether one of its callbacks is for this."""
        if tell.kind == "assign":
            return self.on_assign
        return self.on_revoke or (tell.lost and self.on_lost)


class Consumer:
    """See the module."""

    def __init__(
        self,
        who: str,
        settings: ConsumerSettings,
        cluster: "Cluster",
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
    ) -> None:
        self.who, self.settings = who, settings
        self.callbacks = Callbacks()
        self._notices: deque[dict[str, Value]] = deque()
        self.reader = Reader(cluster, settings)
        self.membership = Membership(who, settings, cluster, clock, at, self.problem)
        self.commits = Commits(
            settings, self.reader, self.membership, cluster, clock, at, self._report
        )
        self.closing = False
        self._cluster, self._clock, self._at = cluster, clock, at
        self._interval = settings.poll_interval
        self._polled = clock.now
        self._busy = False
        self._watched = False
        self._asleep_until = 0
        self.handed: list[Got] = []

    # --- polling -------------------------------------------------------------------------------

    def poll(self, most: int | None, deadline: int | None) -> Wait:
        """Wait for something to hand out, `most` records at a time (None: one, not in a list)."""
        self.membership.polled()
        self._polled = FOR_EVER if deadline is None else deadline
        self._busy = False

        looks_again, wanted = False, most or 1

        def ready() -> Answer | None:
            nonlocal looks_again
            if not self._anything():
                return None  # the most frequent answer by far
            late = deadline is not None and self._clock.now >= deadline
            answer = self._hand_out(most, late)
            if answer is not None:
                self._polled = self._clock.now
            elif deadline is not None and wanted > 1 and not looks_again and self.reader.ready():
                # Some have come, and by then they are handed out. While there are none there is no
                # timer, or one that polls in vain would keep the run from coming to rest.
                looks_again = True
                self._at(deadline, lambda: None)
            return answer

        otherwise: Value = None if most is None else {"records": []}
        return Wait(ready, deadline, Answer(otherwise, did="idle"))

    def _anything(self) -> bool:
        """Whether there may be something to hand out."""
        member = self.membership
        if self._notices or member.tell is not None or member.told:
            return True
        ready = self.reader.ready()
        if self.reader.passed:
            self.reader.passed = False
            self.commits.soon()
        return ready

    def _hand_out(self, most: int | None, late: bool) -> Answer | None:
        while True:
            if self._notices:
                notice = self._notices.popleft()
                if most is not None and "error" in notice:
                    return Answer({"records": [notice]}, did="read")
                return Answer(notice, did="read")
            member = self.membership
            tell = member.tell
            if tell is None or member.told:
                break
            self._trace(tell)
            if self.callbacks.wants(tell):
                member.told = True
                self._work()
                return Answer(told(tell))
            self.obey(tell)
        if member.told:
            return None
        wanted = most or 1
        if not self.reader.ready(wanted) and not (late and wanted > 1 and self.reader.ready()):
            return None
        return self._records(most)

    def _records(self, most: int | None) -> Answer | None:
        self.handed = []
        found: list[Value] = []
        while len(found) < (most or 1) and (item := self.reader.next()) is not None:
            if isinstance(item, Problem):
                found.append(
                    {"error": error(item.topic, item.partition, item.offset, item.failure)}
                )
                continue
            self.handed.append(item)
            found.append({"record": self._shown(item)})
            self._cluster.trace.append(
                Polled(
                    at=self._clock.now, who=self.who, group=self.membership.me.group,
                    message=item.message, topic=item.topic, partition=item.partition,
                    offset=item.offset,
                )
            )  # fmt: skip
        if not found:
            return None
        if self.handed:
            self.commits.soon()
            self._work()
        did = "changed" if self.handed else "read"
        return Answer(found[0] if most is None else {"records": found}, did=did)  # type: ignore[arg-type]

    def _shown(self, got: Got) -> dict[str, Value]:
        record = got.record
        return {
            "topic": got.topic,
            "partition": got.partition,
            "offset": got.offset,
            "key": record.key,
            "value": record.value,
            "headers": list(record.headers),
            "timestamp": [CREATE_TIME, record.timestamp]
            if got.appended is None
            else [LOG_APPEND_TIME, got.appended],
        }

    # --- rebalances ----------------------------------------------------------------------------

    def finish(self) -> None:
        """The application was told and has assigned nothing itself."""
        tell = self.membership.tell
        if tell is not None and self.membership.told:
            self.obey(tell)

    def last_word(self) -> dict[str, Value] | None:
        """What the application is still to be told when it closes."""
        while (tell := self.membership.tell) is not None and not self.membership.told:
            self._trace(tell)
            if self.callbacks.wants(tell):
                self.membership.told = True
                return told(tell)
            self.obey(tell)
        return None

    def obey(self, tell: Tell) -> None:
        """Assign or unassign just what was told, as librdkafka does for an application that does
        not do so itself."""
        if tell.kind == "assign":
            if not self.membership.cooperative:
                self.unassign(self.assigned())
            self.reader.add((topic, partition, INVALID) for topic, partition in tell.partitions)
            self.membership.done_assigning()
            self.commits.soon()
        else:
            keys = tell.partitions if self.membership.cooperative else self.assigned()
            self.unassign(list(keys))
            self.membership.done_unassigning()

    def unassign(self, keys: list[Key]) -> None:
        """Take partitions away, after their last commit."""
        self.commits.before_removal(keys)
        self.reader.remove(keys)

    def assigned(self) -> list[Key]:
        """The partitions that are assigned now."""
        return list(self.reader.positions)

    def _trace(self, tell: Tell) -> None:
        partitions: list[Value] = [[topic, number] for topic, number in tell.partitions]
        now, who, group = self._clock.now, self.who, self.membership.me.group
        self._cluster.trace.append(
            Assigned(at=now, who=who, group=group, partitions=partitions)
            if tell.kind == "assign"
            else Revoked(at=now, who=who, group=group, partitions=partitions, lost=tell.lost)
        )

    # --- notices -------------------------------------------------------------------------------

    def problem(self, topic: str, failure: KafkaFailure) -> None:
        """Give the application an error at its next poll."""
        self._notices.append({"error": error(topic, 0, INVALID, failure)})

    def _report(self, offsets: list[Value], failure: KafkaFailure | None) -> None:
        if self.callbacks.on_commit:
            self._notices.append(
                {
                    "committed": {
                        "offsets": offsets,
                        "error": None if failure is None else failure.code,
                    }
                }
            )

    # --- the interval between polls --------------------------------------------------------------

    def _work(self) -> None:
        self._busy = True
        self._polled = self._clock.now
        self._watch()

    def sleeps(self, until: int) -> None:
        """The process does nothing before `until`."""
        self._asleep_until = until
        if self._polled + self._interval < until:
            self._watch()

    def _watch(self) -> None:
        if not self._watched and self.membership.subscribed:
            self._watched = True
            self._at(max(self._polled + self._interval, self._clock.now), self._check)

    def _check(self) -> None:
        self._watched = False
        late = self._clock.now - self._polled - self._interval
        if self.membership.me.gone or self.closing:
            return
        if late >= 0:
            self.membership.exceed(late)
        elif self._busy or self._polled + self._interval < self._asleep_until:
            self._watch()


def told(tell: Tell) -> dict[str, Value]:
    """A rebalance as it crosses."""
    partitions: list[Value] = [[topic, number] for topic, number in tell.partitions]
    if tell.kind == "assign":
        return {"assign": partitions}
    return {"revoke": partitions, "lost": tell.lost}


def error(topic: str, partition: int, offset: int, failure: KafkaFailure) -> dict[str, Value]:
    """A message with an error as it crosses."""
    where: dict[str, Value] = {"topic": topic, "partition": partition, "offset": offset}
    return where | failure.value()
