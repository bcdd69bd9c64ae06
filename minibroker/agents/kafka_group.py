"""One consumer as a member of its group: what librdkafka's background thread does to join, to keep
its session and to rebalance (classic protocol; librdkafka, INTRODUCTION.md, "Consumer groups").

Theory of operation. `state` says where the member is with the coordinator: ``out``, ``joining``
(JoinGroup is under way), ``syncing`` (SyncGroup is) or ``steady``. Beside it, at most one `Tell`
waits for the application: partitions that it is assigned or must give up. It is told inside its
next poll (`told`), and then it answers by assigning or unassigning; until then the rebalance stands
still, and nothing is read. An *eager* member gives up all it has before it joins again; a
*cooperative* one joins again with what it has, and gives up only what was given to another, after
which it joins once more (KIP-429).

- Heartbeats cost no events: the coordinator is told once that they come (`keep_alive`). That the
  group rebalances is learned at the next of them, each ``heartbeat.interval.ms``.
- A frozen process sends none. When it thaws after its session timed out, it takes its partitions
  for lost, as it does when the coordinator does not know it any more.
- A member that did not poll for ``max.poll.interval.ms`` leaves, and joins again when it polls.
- A static member (``group.instance.id``, KIP-345) never leaves by itself: its session ends.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

from minibroker.agents import assignors
from minibroker.agents.kafka_errors import KafkaFailure, Local
from minibroker.agents.kafka_positions import Key
from minibroker.log.errors import Code, LogError
from minibroker.log.members import MemberIdRequired
from minibroker.sim.clock import MILLISECOND, Clock
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster
    from minibroker.log.groups import Joined
    from minibroker.log.pending import Pending

ROUND_TRIP = MILLISECOND
"""From a request in the background to its answer."""

JOIN_BACKOFF = 1000 * MILLISECOND
MOST_JOINS = 10
"""A refused join is tried again after a second, but not for ever: a run must come to rest."""


@dataclass(frozen=True, slots=True)
class Tell:
    """What the application is to be told of a rebalance; `lost` says that the partitions are
    another's already."""

    kind: Literal["assign", "revoke"]
    partitions: list[Key]
    lost: bool = False


class Owner(Protocol):
    """What a membership wants of the consumer that it belongs to."""

    who: str
    settings: dict[str, Value]

    def problem(self, topic: str, failure: KafkaFailure) -> None:
        """Give the application an error at its next poll."""

    def assigned(self) -> list[Key]:
        """The partitions that are assigned now."""


class Membership:
    """See the module."""

    def __init__(
        self,
        owner: Owner,
        cluster: "Cluster",
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
    ) -> None:
        settings = owner.settings
        self._owner, self._cluster, self._clock, self._at = owner, cluster, clock, at
        self.group = cast(str, settings["group.id"])
        self.instance_id = cast("str | None", settings["group.instance.id"])
        self._session = _ms(settings, "session.timeout.ms")
        self._interval = _ms(settings, "max.poll.interval.ms")
        self._beat_every = _ms(settings, "heartbeat.interval.ms")
        self._names = assignors.names(cast(str, settings["partition.assignment.strategy"]))
        self.member_id = ""
        self.generation = -1
        self.protocol: Literal["", "eager", "cooperative"] = ""
        self.topics: list[str] = []
        self.state: Literal["out", "joining", "syncing", "steady"] = "out"
        self.owned: list[Key] | None = None
        """What the group last gave to this member (None: nothing since it joined anew)."""
        self.tell: Tell | None = None
        self.told = False
        self.fatal: KafkaFailure | None = None
        self._lost = False
        self._then_assign: list[Key] | None = None
        self._rejoins = False
        self._leaving = False
        self._attempt = 0
        self._refused = 0
        self._beating = False
        self._steady_since = 0
        self._beat = 0
        self._frozen_at = 0
        self.frozen_until = 0
        self._exceeded = False
        self._missing: list[str] = []
        self.gone = False

    @property
    def cooperative(self) -> bool:
        """Whether it rebalances incrementally."""
        return self._names == ["cooperative-sticky"]

    @property
    def rebalancing(self) -> bool:
        """Whether a rebalance is under way on this side."""
        return self.tell is not None or self._then_assign is not None or self._rejoins

    @property
    def steady(self) -> bool:
        """Whether it is in the group and no rebalance is under way."""
        return self.state == "steady" and not self.rebalancing

    @property
    def lost(self) -> bool:
        """Whether the partitions that are assigned are another's already."""
        return self._lost

    # --- what the application asks for -------------------------------------------------------

    def subscribe(self, topics: list[str]) -> None:
        """Be a member for these topics instead of those before; none: leave the group."""
        if self.fatal is not None and topics:
            raise self.fatal
        self.topics = topics
        self._leaving = not topics
        if self.tell is not None:
            if self._leaving and self.tell.kind == "assign" and not self.told:
                self.tell = None  # nobody will want it
                self.done_unassigning()
            return  # what is under way ends with joining again or leaving
        if self.owned is None or (self.state in ("joining", "syncing") and not self.owned):
            self._again() if topics else self.leave()
        elif self.cooperative and topics:
            dropped = [key for key in self.owned if key[0] not in self._matching()]
            self._rejoins = True
            if dropped:
                self._revoke(dropped)
            else:
                self._again()
        else:
            self._revoke(self.owned)

    def polled(self) -> None:
        """The application polls: it lives."""
        if self._exceeded:
            self._exceeded = False
            if self.state == "out" and self.tell is None and self.topics:
                self._join()
        elif self.state == "steady" and self._clock.now - self._beat >= self._beat_every:
            self.heartbeat()

    def done_assigning(self) -> None:
        """The application has taken what it was assigned."""
        self.tell, self.told, self._lost = None, False, False
        if self._leaving:
            self._revoke(self.owned or [])
        elif self._rejoins:
            self._again()
        else:
            self._look_soon()

    def done_unassigning(self) -> None:
        """The application has given up what it was to give up."""
        self.tell, self.told = None, False
        self._lost = False
        if self._leaving:
            self.leave()
        elif (added := self._then_assign) is not None:
            self._then_assign = None
            self.tell = Tell("assign", added)
        else:
            if not self.cooperative:
                self.owned = None
            self._again()

    def close(self) -> None:
        """The application wants to be out: revoke what it has, which `done_unassigning` follows."""
        self._leaving, self.topics = True, []
        if self.tell is not None and self.tell.kind == "revoke":
            return
        self.tell, self._then_assign, self._rejoins = None, None, False
        if self.owned is None:
            self.leave()
        else:
            self._revoke(self.owned)

    def leave(self, why: str = "left") -> None:
        """Leave the group, unless as a static member, whose session ends by itself."""
        self._attempt += 1
        self.owned, self.state, self.protocol = None, "out", ""
        self.tell, self.told, self._then_assign = None, False, None
        self._rejoins = self._leaving = False
        member_id, self.member_id, self.generation = self.member_id, "", -1
        if not member_id:
            return
        with suppress(LogError):  # it was out already
            if self.instance_id is None:
                self._cluster.groups.leave(self.group, member_id, why=why)
            else:
                self._cluster.groups.keep_alive(self.group, member_id, False)

    # --- joining -----------------------------------------------------------------------------

    def _again(self) -> None:
        self._rejoins = False
        if self.topics:
            self._join()
        else:
            self.state = "out"

    def _join(self) -> None:
        self._attempt += 1
        self.state = "out"
        topics = self._matching()
        if self.fatal is not None or self._exceeded or not topics:
            return
        attempt = self._attempt
        self.state = "joining"
        try:
            answer: Pending[Joined] = self._cluster.groups.join(
                self._owner.who, self.group, self.member_id, self._protocols(topics),
                session_timeout=self._session, rebalance_timeout=self._interval,
                instance_id=self.instance_id, on_rebalance=self._look_soon,
                id_required=True,
            )  # fmt: skip
        except MemberIdRequired as given:  # KIP-394
            self.member_id = given.member_id
            self._later(attempt, self._join)
            return
        except LogError as error:
            self._refuse(error)
            return
        answer.then(lambda: self._later(attempt, lambda: self._joined(answer), answer))

    def _protocols(self, topics: list[str]) -> dict[str, object]:
        mine = assignors.Subscription(
            topics,
            owned=list(self.owned or []) if self.cooperative else [],
            generation=self.generation,
        )
        return dict.fromkeys(self._names, mine)

    def _joined(self, answer: "Pending[Joined]") -> None:
        try:
            joined = answer.get()
            self._refused = 0
            self.member_id, self.generation = joined.member_id, joined.generation
            self.protocol = "cooperative" if self.cooperative else "eager"
            given: dict[str, object] = {}
            if joined.leader == joined.member_id:
                given = self._assign(joined)
            self.state = "syncing"
            attempt = self._attempt
            synced = self._cluster.groups.sync(
                self.group, self.member_id, self.generation, given, self.instance_id
            )
        except LogError as error:
            self._refuse(error)
            return
        synced.then(lambda: self._later(attempt, lambda: self._synced(synced)))

    def _assign(self, joined: "Joined") -> dict[str, object]:
        members = {
            joiner.member_id: (
                cast(assignors.Subscription, joiner.metadata),
                joiner.instance_id,
            )
            for joiner in joined.members
        }
        topics = {topic for subscription, _ in members.values() for topic in subscription.topics}
        counts = {topic: self._cluster.partitions(topic) for topic in sorted(self._known(topics))}
        return dict(assignors.assign(joined.protocol, members, counts))

    def _synced(self, answer: "Pending[object]") -> None:
        try:
            given = answer.get()
        except LogError as error:
            self._refuse(error)
            return
        mine = sorted(
            (cast(str, t), cast(int, p)) for t, p in cast("Iterable[Sequence[object]]", given or [])
        )
        self.state = "steady"
        self._steady_since = self._beat = self._clock.now
        self._cluster.groups.keep_alive(self.group, self.member_id, True)
        before, self.owned = self.owned or [], mine
        if not self.cooperative:
            self.tell = Tell("assign", mine)
            return
        added = [key for key in mine if key not in before]
        revoked = [key for key in before if key not in mine]
        if revoked:
            self._then_assign, self._rejoins = added, True
            self._revoke(revoked)
        else:
            self.tell = Tell("assign", added)

    def _refuse(self, error: LogError) -> None:
        """The coordinator does not take the join or the sync."""
        self.state = "out"
        match error.code:
            case Code.FENCED_INSTANCE_ID:
                self._fail(error)
                return
            case Code.UNKNOWN_MEMBER_ID | Code.ILLEGAL_GENERATION:
                self.member_id, self.generation = "", -1
            case Code.REBALANCE_IN_PROGRESS:
                pass
            case _:
                self._owner.problem("", KafkaFailure(error.code, "JoinGroup failed: "))
        self._refused += 1
        if self._refused <= MOST_JOINS:
            wait = ROUND_TRIP if error.code == Code.REBALANCE_IN_PROGRESS else JOIN_BACKOFF
            attempt = self._attempt
            self._at(self._clock.now + wait, lambda: self._unless_stale(attempt, self._join))

    # --- heartbeats --------------------------------------------------------------------------

    def _look_soon(self) -> None:
        """Learn of what the group does at the next heartbeat."""
        if self._beating or self.gone:
            return
        self._beating = True
        ticks = (self._clock.now - self._steady_since) // self._beat_every + 1

        def look() -> None:
            self._beating = False
            self.heartbeat()

        self._at(self._steady_since + ticks * self._beat_every, look)

    def heartbeat(self) -> None:
        """Ask the coordinator how the group is, if this member is in it."""
        if self.gone or self.state != "steady" or self.frozen_until > self._clock.now:
            return
        self._beat = self._clock.now
        try:
            self._cluster.groups.heartbeat(
                self.group, self.member_id, self.generation, self.instance_id
            )
        except LogError as error:
            self.refused(error)

    def refused(self, error: LogError) -> None:
        """The coordinator refused a heartbeat or a commit."""
        match error.code:
            case Code.REBALANCE_IN_PROGRESS:
                if not self.steady:
                    return  # looked at again when that is through
                if self.cooperative:
                    self._join()
                else:
                    self._revoke(self.owned or [])
            case Code.UNKNOWN_MEMBER_ID:
                self.member_id = ""
                self._lose()
            case Code.ILLEGAL_GENERATION if not self.rebalancing:
                self.generation = -1
                self._lose()
            case Code.FENCED_INSTANCE_ID:
                self._fail(error)

    def _lose(self) -> None:
        """Take all partitions for lost and join again."""
        if self.rebalancing:
            return  # found out again by a heartbeat when that is through
        self.state = "out"
        if self.owned:
            self._lost = True
            self._revoke(self.owned)
        elif self.owned is not None and not self.cooperative:
            self._revoke([])
        else:
            self._again()

    def _revoke(self, partitions: list[Key]) -> None:
        if self.cooperative:
            self.owned = [key for key in self.owned or [] if key not in partitions]
        self.tell, self.told = Tell("revoke", list(partitions), self._lost), False

    def _fail(self, error: LogError) -> None:
        """Another process has taken this static member's place: nothing works any more."""
        if self.fatal is None:
            text = "Broker: Static consumer fenced by other consumer with same group.instance.id"
            self.fatal = KafkaFailure(Local.FATAL, f"Fatal error: {text}", fatal=True)
            self.state = "out"
            self._owner.problem("", self.fatal)

    # --- a process that sleeps, freezes or is gone ---------------------------------------------

    def exceed(self, late: int) -> None:
        """The application has not polled for too long, by `late` microseconds."""
        if self._exceeded or not self.topics or self.state == "out":
            return
        self._exceeded = True
        limit = self._interval // MILLISECOND
        text = f"Application maximum poll interval ({limit}ms) exceeded by {late // MILLISECOND}ms"
        self._owner.problem("", KafkaFailure(Local.MAX_POLL_EXCEEDED, text))
        member_id, self.member_id = self.member_id, ""
        self._attempt += 1
        if self.instance_id is None and member_id:
            with suppress(LogError):
                self._cluster.groups.leave(self.group, member_id, why="poll interval")
        self._lose()

    def freeze(self, until: int) -> None:
        """The process stands still until then."""
        self._frozen_at, self.frozen_until = self._clock.now, until
        if self.member_id:
            self._cluster.groups.keep_alive(self.group, self.member_id, False)
        self._at(until, self._thaw)

    def _thaw(self) -> None:
        if self.gone or self._clock.now < self.frozen_until or not self.member_id:
            return
        if self._clock.now - self._frozen_at >= self._session and self.state == "steady":
            self.member_id = ""
            self._lose()
            return
        self._cluster.groups.keep_alive(self.group, self.member_id, True)
        self.heartbeat()

    def vanish(self) -> None:
        """The process is gone without a word: its session ends by itself."""
        self.gone = True
        if self.member_id:
            self._cluster.groups.keep_alive(self.group, self.member_id, False)

    def _later(
        self, attempt: int, action: Callable[[], None], joined: "Pending[Joined] | None" = None
    ) -> None:
        """Go on with an answer of the coordinator's, a round trip after it was given, when this
        process can."""
        when = max(self._clock.now + ROUND_TRIP, self.frozen_until)
        self._at(when, lambda: self._unless_stale(attempt, action, joined))

    def _unless_stale(
        self, attempt: int, action: Callable[[], None], joined: "Pending[Joined] | None" = None
    ) -> None:
        if attempt == self._attempt and not self.gone:
            action()
        elif joined is not None:
            self._disown(joined)

    def _disown(self, answer: "Pending[Joined]") -> None:
        """A join is answered that nobody waits for any more."""
        with suppress(LogError):
            member_id = answer.get().member_id
            if self.gone:
                self._cluster.groups.keep_alive(self.group, member_id, False)
            elif member_id != self.member_id:
                self._cluster.groups.leave(self.group, member_id)

    # --- topics ------------------------------------------------------------------------------

    def _matching(self) -> list[str]:
        """The topics of the subscription that there are."""
        there = self._cluster.topics()
        found = [t for t in self.topics if not t.startswith("^") and t in there]
        for pattern in (t for t in self.topics if t.startswith("^")):
            found += [t for t in there if re.search(pattern, t) and t not in found]
        missing = [t for t in self.topics if not t.startswith("^") and t not in there]
        for topic in missing:
            if topic not in self._missing:
                text = (
                    f"Subscribed topic not available: {topic}: Broker: Unknown topic or partition"
                )
                self._owner.problem(topic, KafkaFailure(Code.UNKNOWN_TOPIC_OR_PARTITION, text))
        self._missing = missing
        return sorted(found)

    def _known(self, topics: Iterable[str]) -> list[str]:
        there = self._cluster.topics()
        return [topic for topic in topics if topic in there]


def _ms(settings: dict[str, Value], name: str) -> int:
    return cast(int, settings[name]) * MILLISECOND
