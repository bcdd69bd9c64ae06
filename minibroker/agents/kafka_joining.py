"""How a consumer joins its group: JoinGroup, then SyncGroup, and as the leader the assigning in
between (KIP-394 for the member id that is given first; librdkafka's `rd_kafka_cgrp_join`).

Rule: requests and their answers; what they mean to the member is for `kafka_group`. An answer takes
a round trip, and waits for a process that is frozen. A join that was given up is answered to
nobody.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from minibroker.agents import assignors
from minibroker.agents.kafka_consumer_settings import ConsumerSettings
from minibroker.agents.kafka_positions import Key
from minibroker.log.errors import LogError
from minibroker.log.members import MemberIdRequired
from minibroker.sim.clock import MILLISECOND, Clock

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster
    from minibroker.log.groups import Joined
    from minibroker.log.pending import Pending

ROUND_TRIP = MILLISECOND
"""From a request in the background to its answer."""


@dataclass(slots=True)
class Identity:
    """Who a consumer is in its group, as it knows itself, and how its process is: `gone`, or frozen
    until a time (microseconds)."""

    who: str
    group: str
    instance_id: str | None
    member_id: str = ""
    generation: int = -1
    gone: bool = False
    frozen_until: int = 0


class Joining:
    """See the module. `synced` is called with the partitions that the group gives to the member,
    `refused` with what the coordinator says instead, `notice` when the group moves on."""

    def __init__(
        self,
        me: Identity,
        settings: ConsumerSettings,
        cluster: "Cluster",
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
        synced: Callable[[list[Key]], None],
        refused: Callable[[LogError], None],
        notice: Callable[[], None],
    ) -> None:
        self._me, self._cluster, self._clock, self._at = me, cluster, clock, at
        self._synced, self._refused, self._notice = synced, refused, notice
        self._settings = settings
        self._attempt = 0

    def give_up(self) -> None:
        """Whatever is under way is not wanted any more."""
        self._attempt += 1

    def start(self, topics: list[str], owned: list[Key]) -> None:
        """Join for these topics, with what the member still owns."""
        self.give_up()
        me, settings = self._me, self._settings
        had = owned if settings.cooperative else []
        told = assignors.Subscription(topics, had, me.generation)
        try:
            answer: Pending[Joined] = self._cluster.groups.join(
                me.who, me.group, me.member_id, dict.fromkeys(settings.strategies, told),
                session_timeout=settings.session, rebalance_timeout=settings.poll_interval,
                instance_id=me.instance_id, on_rebalance=self._notice, id_required=True,
                client_id=settings.client_id,
            )  # fmt: skip
        except MemberIdRequired as given:
            me.member_id = given.member_id
            if had:
                self._refused(given)  # it was a member, and what it had is another's
            else:
                self.later(ROUND_TRIP, lambda: self.start(topics, owned))
        except LogError as error:
            self._refused(error)
        else:
            attempt = self._attempt
            answer.then(lambda: self._answered(attempt, answer))

    def later(self, span: int, action: Callable[[], None]) -> None:
        """Do something then, if this attempt is not given up until then."""
        attempt = self._attempt

        def act() -> None:
            if attempt == self._attempt and not self._me.gone:
                action()

        self._at(max(self._clock.now + span, self._me.frozen_until), act)

    def _answered(self, attempt: int, answer: "Pending[Joined]") -> None:
        if attempt == self._attempt and not self._me.gone:
            self.later(ROUND_TRIP, lambda: self._joined(answer))
            return
        with suppress(LogError):  # nobody waits for it any more
            member_id = answer.get().member_id
            if self._me.gone:
                self._cluster.groups.keep_alive(self._me.group, member_id, False)
            elif member_id != self._me.member_id:
                self._cluster.groups.leave(self._me.group, member_id)

    def _joined(self, answer: "Pending[Joined]") -> None:
        me = self._me
        try:
            joined = answer.get()
            me.member_id, me.generation = joined.member_id, joined.generation
            given: dict[str, object] = {}
            if joined.leader == joined.member_id:
                given = self._assign(joined)
            synced = self._cluster.groups.sync(
                me.group, me.member_id, me.generation, given, me.instance_id
            )
        except LogError as error:
            self._refused(error)
            return
        attempt = self._attempt
        synced.then(
            lambda: (
                self.later(ROUND_TRIP, lambda: self._given(synced))
                if attempt == self._attempt
                else None
            )
        )

    def _assign(self, joined: "Joined") -> dict[str, object]:
        members = {
            each.member_id: (cast(assignors.Subscription, each.metadata), each.instance_id)
            for each in joined.members
        }
        wanted = {topic for told, _ in members.values() for topic in told.topics}
        there = {
            topic: self._cluster.partitions(topic)
            for topic in self._cluster.topics()
            if topic in wanted
        }
        return dict(assignors.assign(joined.protocol, members, there))

    def _given(self, answer: "Pending[object]") -> None:
        try:
            given = cast("Iterable[Sequence[object]]", answer.get() or ())
        except LogError as error:
            self._refused(error)
            return
        self._synced(sorted((cast(str, topic), cast(int, number)) for topic, number in given))
