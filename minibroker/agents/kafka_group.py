"""One consumer as a member of its group: what librdkafka's background thread does to keep its
session and to rebalance (classic protocol; librdkafka, INTRODUCTION.md, "Consumer groups").

Theory of operation. `state` says where the member is with the coordinator: ``out``, ``joining``
(see `kafka_joining`) or ``steady``. Beside it, at most one `Tell` waits for the application:
partitions that it is assigned or must give up. It is told inside its next poll (`told`), and then
it answers by assigning or unassigning; until then the rebalance stands still, and nothing is read.
An *eager* member gives up all it has before it joins again; a *cooperative* one joins again with
what it has, and gives up only what was given to another, after which it joins once more (KIP-429).

- Heartbeats cost no events: the coordinator is told once that they come (`keep_alive`). That the
  group rebalances is learned at the next of them, each ``heartbeat.interval.ms``.
- A frozen process sends none. When it thaws after its session timed out, it takes its partitions
  for lost, as it does when the coordinator does not know it any more.
- A member that did not poll for ``max.poll.interval.ms`` leaves, and joins again when it polls.
- A static member (``group.instance.id``, KIP-345) never leaves by itself: its session ends.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from minibroker.agents.kafka_consumer_settings import ConsumerSettings
from minibroker.agents.kafka_errors import KafkaFailure, Local
from minibroker.agents.kafka_joining import ROUND_TRIP, Identity, Joining
from minibroker.agents.kafka_positions import Key
from minibroker.agents.kafka_texts import TEXTS
from minibroker.agents.kafka_topics import Wanted
from minibroker.log.errors import Code, LogError
from minibroker.sim.clock import MILLISECOND, SECOND, Clock

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

BACKOFF = SECOND
MOST_JOINS = 10
"""A refused join is tried again after a second, but not for ever: a run must come to rest."""

FENCED = TEXTS[Code.FENCED_INSTANCE_ID]


@dataclass(frozen=True, slots=True)
class Tell:
    """What the application is to be told of a rebalance; `lost` says that the partitions are
    another's already."""

    kind: Literal["assign", "revoke"]
    partitions: list[Key]
    lost: bool = False


class Membership:
    """See the module. `problem` gives the application an error, about a topic or about none, at its
    next poll."""

    def __init__(
        self,
        who: str,
        settings: ConsumerSettings,
        cluster: "Cluster",
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
        problem: Callable[[str, KafkaFailure], None],
    ) -> None:
        self.me = Identity(who, settings.group, settings.instance_id)
        self.wanted = Wanted(cluster, clock, at, problem, self._topics_changed, settings.refresh)
        self._joining = Joining(
            self.me, settings, cluster, clock, at, self._synced, self._refused, self._look_soon
        )
        self._groups, self._clock, self._at, self._problem = cluster.groups, clock, at, problem
        self._session, self._beat_every = settings.session, settings.heartbeat
        self._interval, self.cooperative = settings.poll_interval, settings.cooperative
        self.state: Literal["out", "joining", "steady"] = "out"
        self.protocol: Literal["", "eager", "cooperative"] = ""
        """How it rebalances, once it has joined."""
        self.owned: list[Key] | None = None
        """What the group last gave to this member (None: nothing since it joined anew)."""
        self.tell: Tell | None = None
        self.told = False
        self.lost = False
        """Whether the partitions that are assigned are another's already."""
        self.fatal: KafkaFailure | None = None
        self._then_assign: list[Key] | None = None
        self._rejoins = self._leaving = self._exceeded = self._beating = False
        self._refusals = self._steady_since = self._beat = self._frozen_at = 0

    @property
    def subscribed(self) -> bool:
        """Whether it wants to be in the group."""
        return bool(self.wanted.topics)

    @property
    def rebalancing(self) -> bool:
        """Whether a rebalance is under way on this side."""
        return self.tell is not None or self._then_assign is not None or self._rejoins

    @property
    def steady(self) -> bool:
        """Whether it is in the group and no rebalance is under way."""
        return self.state == "steady" and not self.rebalancing

    # --- what the application asks for -------------------------------------------------------

    def subscribe(self, topics: list[str]) -> None:
        """Be a member for these topics instead of those before; none: leave the group."""
        if self.fatal is not None and topics:
            raise KafkaFailure(Local.FATAL, "Failed to set subscription: %s", said=Local.FATAL)
        self.wanted.topics, self._leaving = topics, not topics
        if self.tell is not None:
            if self._leaving and self.tell.kind == "assign" and not self.told:
                self.leave()  # nobody will want what is waiting to be told
            return  # else what is under way ends with joining again, or with leaving
        if self.owned is None or (self.state == "joining" and not self.owned):
            self._join() if topics else self.leave()
        elif self.cooperative and topics:
            there = self.wanted.there()
            self._rejoins = True
            if dropped := [key for key in self.owned if key[0] not in there]:
                self._revoke(dropped)
            else:
                self._join()
        else:
            self._revoke(self.owned)

    def polled(self) -> None:
        """The application polls: it lives."""
        if self._exceeded:
            self._exceeded = False
            if self.state == "out" and self.tell is None:
                self._join()
        elif self._clock.now - self._beat >= self._beat_every:
            self.heartbeat()

    def done_assigning(self) -> None:
        """The application has taken what it was assigned."""
        self.tell, self.told, self.lost = None, False, False
        if self._leaving:
            self._revoke(self.owned or [])
        elif self._rejoins:
            self._join()
        else:
            self._look_soon()

    def done_unassigning(self) -> None:
        """The application has given up what it was to give up."""
        self.tell, self.told, self.lost = None, False, False
        if self._leaving:
            self.leave()
        elif (added := self._then_assign) is not None:
            self._then_assign, self.tell = None, Tell("assign", added)
        else:
            if not self.cooperative:
                self.owned = None
            self._join()

    def close(self) -> None:
        """The application wants to be out: revoke what it has, which `done_unassigning` follows."""
        self._leaving, self.wanted.topics = True, []
        if self.tell is not None and self.tell.kind == "revoke":
            return
        self.tell, self._then_assign, self._rejoins = None, None, False
        if self.owned is None:
            self.leave()
        else:
            self._revoke(self.owned)

    def leave(self) -> None:
        """Leave the group, unless as a static member, whose session ends by itself."""
        self._joining.give_up()
        self.owned, self.state, self.protocol = None, "out", ""
        self.tell, self.told, self._then_assign = None, False, None
        self._rejoins = self._leaving = False
        self._sign_off("left")
        self.me.generation = -1

    def _sign_off(self, why: str) -> None:
        me = self.me
        member_id, me.member_id = me.member_id, ""
        if not member_id:
            return
        with suppress(LogError):  # it was out already
            if me.instance_id is None:
                self._groups.leave(me.group, member_id, why=why)
            else:
                self._groups.keep_alive(me.group, member_id, False)

    # --- rebalancing -------------------------------------------------------------------------

    def _join(self) -> None:
        self._rejoins = False
        self.state = "out"
        if self.fatal is None and not self._exceeded and (topics := self.wanted.there()):
            self.state = "joining"
            self._joining.start(topics, list(self.owned or []))

    def _synced(self, mine: list[Key]) -> None:
        """The group gives these partitions to this member."""
        self.state, self.protocol = "steady", "cooperative" if self.cooperative else "eager"
        self._refusals = 0
        self._steady_since = self._beat = self._clock.now
        self._groups.keep_alive(self.me.group, self.me.member_id, True)
        before, self.owned = self.owned or [], mine
        if not self.cooperative:
            self.tell = Tell("assign", mine)
            return
        added = [key for key in mine if key not in before]
        if revoked := [key for key in before if key not in mine]:
            self._then_assign, self._rejoins = added, True
            self._revoke(revoked)
        else:
            self.tell = Tell("assign", added)

    def _refused(self, error: LogError) -> None:
        """The coordinator takes neither the join nor the sync."""
        me = self.me
        self._refusals += 1
        wait = BACKOFF
        match error.code:
            case Code.FENCED_INSTANCE_ID:
                self._fail()
                return
            case Code.MEMBER_ID_REQUIRED:
                self._lose()
                return
            case Code.UNKNOWN_MEMBER_ID:
                me.member_id = ""
            case Code.ILLEGAL_GENERATION:
                me.generation = -1
                self._lose()
                return
            case Code.REBALANCE_IN_PROGRESS:
                wait = ROUND_TRIP
            case code:
                self._problem("", KafkaFailure(code, "JoinGroup failed: %s", said=code))
        self.state = "out"
        if self._refusals <= MOST_JOINS:
            self._joining.later(wait, self._join)

    def refused(self, error: LogError) -> None:
        """The coordinator refused a heartbeat or a commit."""
        match error.code:
            case Code.REBALANCE_IN_PROGRESS if self.steady:
                self._gather()
            case Code.UNKNOWN_MEMBER_ID:
                self.me.member_id = ""
                self._lose()
            case Code.ILLEGAL_GENERATION if not self.rebalancing:
                self.me.generation = -1
                self._lose()
            case Code.FENCED_INSTANCE_ID:
                self._fail()

    def _gather(self) -> None:
        """The group rebalances, and this member is to join again."""
        if self.cooperative:
            self._join()
        else:
            self._revoke(self.owned or [])

    def _topics_changed(self) -> None:
        if self.steady:
            self._gather()
        elif self.state == "out" and not self.rebalancing:
            self._join()

    def _lose(self) -> None:
        """Take all partitions for lost and join again."""
        if self.rebalancing:
            return  # found out again by a heartbeat when that is through
        self.state = "out"
        self._joining.give_up()
        if self.owned or (self.owned is not None and not self.cooperative):
            self.lost = bool(self.owned)
            self._revoke(self.owned)
        else:
            self._join()

    def _revoke(self, partitions: list[Key]) -> None:
        if self.cooperative:
            self.owned = [key for key in self.owned or [] if key not in partitions]
        self.tell, self.told = Tell("revoke", list(partitions), self.lost), False

    def _fail(self) -> None:
        """Another process has this static member's place now: nothing works any more."""
        if self.fatal is None:
            text = f"Fatal error: {FENCED}: Fatal consumer error: {FENCED}"
            self.fatal = KafkaFailure(Local.FATAL, text)
            self._problem("", self.fatal)
            self._lose()

    # --- heartbeats --------------------------------------------------------------------------

    def _look_soon(self) -> None:
        """Learn of what the group does at the next heartbeat."""
        if self._beating or self.me.gone:
            return
        self._beating = True
        ticks = (self._clock.now - self._steady_since) // self._beat_every + 1

        def look() -> None:
            self._beating = False
            self.heartbeat()

        self._at(self._steady_since + ticks * self._beat_every, look)

    def heartbeat(self) -> None:
        """Ask the coordinator how the group is, if this member is in it."""
        me = self.me
        if me.gone or self.state != "steady" or me.frozen_until > self._clock.now:
            return
        self._beat = self._clock.now
        try:
            self._groups.heartbeat(me.group, me.member_id, me.generation, me.instance_id)
        except LogError as error:
            self.refused(error)

    # --- a process that sleeps, freezes or is gone ---------------------------------------------

    def exceed(self, late: int) -> None:
        """The application has not polled for too long, by `late` microseconds."""
        if self._exceeded or not self.subscribed or self.state == "out":
            return
        self._exceeded = True
        text = (
            f"Application maximum poll interval ({self._interval // MILLISECOND}ms) exceeded by "
            f"{late // MILLISECOND}ms"
        )
        self._problem("", KafkaFailure(Local.MAX_POLL_EXCEEDED, text))
        self._joining.give_up()
        self._sign_off("poll interval")
        self._lose()

    def freeze(self, until: int) -> None:
        """The process stands still until then."""
        self._frozen_at, self.me.frozen_until = self._clock.now, until
        if self.me.member_id:
            self._groups.keep_alive(self.me.group, self.me.member_id, False)
        self._at(until, self._thaw)

    def _thaw(self) -> None:
        me, now = self.me, self._clock.now
        if me.gone or now < me.frozen_until or not me.member_id:
            return
        if now - self._frozen_at >= self._session and self.state == "steady":
            me.member_id = ""
            self._lose()
            return
        self._groups.keep_alive(me.group, me.member_id, True)
        self.heartbeat()

    def vanish(self) -> None:
        """The process is gone without a word: its session ends by itself."""
        self.me.gone = True
        if self.me.member_id:
            self._groups.keep_alive(self.me.group, self.me.member_id, False)
