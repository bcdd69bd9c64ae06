"""What a consumer commits: when it is asked to, by itself every ``auto.commit.interval.ms``, and
when partitions are taken from it (librdkafka, `rd_kafka_commit`, `enable.auto.commit`).

Without offsets a commit takes the stored ones that are beyond what is known to be committed; if
there are none it fails with ``_NO_OFFSET``. The timer of auto-commit is set only while there is
something to commit, at the moments at which librdkafka's, which starts with the consumer, would be
due.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from minibroker.agents.kafka_consumer_settings import ConsumerSettings
from minibroker.agents.kafka_errors import KafkaFailure, Local
from minibroker.agents.kafka_group import Membership
from minibroker.agents.kafka_positions import INVALID, Key, Position, Reader
from minibroker.log.errors import Code, LogError
from minibroker.log.offsets import Committed
from minibroker.sim.clock import Clock
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

Offsets: TypeAlias = dict[Key, tuple[int, str]]
"""Offset and metadata by partition."""

FAILED = "Commit failed: %s"


class Commits:
    """One consumer's commits."""

    def __init__(
        self,
        settings: ConsumerSettings,
        reader: Reader,
        membership: Membership,
        cluster: "Cluster",
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
        report: Callable[[list[Value], KafkaFailure | None], None],
    ) -> None:
        self._reader, self._membership = reader, membership
        self._cluster, self._clock, self._at, self._report = cluster, clock, at, report
        self._started = clock.now
        self._auto, self._every = settings.auto_commit, settings.auto_commit_interval
        self._armed = False
        self._before: dict[Position, int] = {}

    def now(self, offsets: Offsets | None, asynchronous: bool) -> list[Value]:
        """Commit these offsets, or the stored ones. Gives ``[topic, partition, offset, error]``
        each, the error None or a code. Raises `KafkaFailure`."""
        if offsets is None:
            offsets = {
                key: (position.stored if position.stored > position.committed else INVALID,
                      position.metadata)
                for key, position in self._reader.positions.items()
            }  # fmt: skip
        try:
            return self._commit(offsets, asynchronous=asynchronous)
        finally:
            self.soon()  # what was set back is committed again by itself

    def soon(self) -> None:
        """Something was stored: let auto-commit see to it."""
        if self._armed or not self._auto or not self._every or not self._stored():
            return
        self._armed = True
        ticks = (self._clock.now - self._started) // self._every + 1
        self._at(self._started + ticks * self._every, self._tick)

    def before_removal(self, keys: Iterable[Key]) -> None:
        """Auto-commit what is stored of partitions that are being taken away, if they are not lost
        already."""
        if not self._auto or self._membership.lost:
            return
        if stored := self._stored(keys):
            self._by_itself(stored)

    def undo(self) -> None:
        """The answer to the last commit got lost: it is not known to be committed."""
        for position, committed in self._before.items():
            position.committed = committed
        self._before.clear()

    def _stored(self, keys: Iterable[Key] | None = None) -> Offsets:
        positions = self._reader.positions
        return {
            key: (positions[key].stored, positions[key].metadata)
            for key in (positions if keys is None else keys)
            if key in positions and positions[key].stored > positions[key].committed
        }

    def _tick(self) -> None:
        self._armed = False
        member = self._membership
        if member.me.gone:
            return
        if member.me.frozen_until > self._clock.now:
            self._armed = True
            self._at(member.me.frozen_until, self._tick)
        elif (member.steady or not member.subscribed) and (stored := self._stored()):
            self._by_itself(stored)

    def _by_itself(self, offsets: Offsets) -> None:
        with suppress(KafkaFailure):  # the application learns of it by on_commit, if at all
            self._commit(offsets, asynchronous=True, by_itself=True)

    def _commit(
        self, offsets: Offsets, *, asynchronous: bool, by_itself: bool = False
    ) -> list[Value]:
        self._before.clear()
        there = {key: given for key, given in offsets.items() if given[0] >= 0}
        if not there:
            raise KafkaFailure(Local.NO_OFFSET, FAILED, said=Local.NO_OFFSET)
        known = {key: given for key, given in there.items() if self._known(key)}
        errors = dict.fromkeys(there.keys() - known.keys(), Code.UNKNOWN_TOPIC_OR_PARTITION)
        if known:
            try:
                self._send(known, by_itself)
            except LogError as error:
                self._membership.refused(error)
                errors |= dict.fromkeys(known, error.code)
        for key in known.keys() - errors.keys():
            if (position := self._reader.positions.get(key)) is not None:
                self._before[position] = position.committed
                position.committed = known[key][0]
        shown = self._shown(offsets, errors)
        failure = None
        if errors:  # one that failed fails them all, for the caller
            code = list(errors.values())[-1]
            failure = KafkaFailure(code, FAILED, said=code)
        if asynchronous or by_itself:
            self._report(shown, failure)
        if failure is not None:
            raise failure
        return shown

    def _send(self, offsets: Offsets, by_itself: bool) -> None:
        me = self._membership.me
        self._cluster.groups.commit(
            me.who,
            me.group,
            {key: Committed(offset, metadata) for key, (offset, metadata) in offsets.items()},
            member_id=me.member_id,
            generation=me.generation,
            instance_id=me.instance_id if me.member_id else None,
            by_itself=by_itself,
        )

    def _known(self, key: Key) -> bool:
        try:
            return 0 <= key[1] < self._cluster.partitions(key[0])
        except LogError:
            return False

    @staticmethod
    def _shown(offsets: Offsets, errors: dict[Key, Code]) -> list[Value]:
        return [
            [topic, partition, offset, int(errors[key]) if key in errors else None]
            for key, (offset, _) in offsets.items()
            for topic, partition in [key]
        ]
