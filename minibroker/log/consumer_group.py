"""A consumer group of the `consumer` protocol (KIP-848): the broker assigns, and members come to
their parts one by one, with no barrier for all.

Theory of operation. What changes the group (a member comes, goes, wishes for other topics; a topic
grows) takes its *epoch* up, and a new *target* is made: what each is to own in the end. Each
heartbeat of a member brings it a step nearer. First it is told to give up what is another's by
the target, and stays at its epoch until it says that it no longer owns that (*unrevoked*). Then it
is given what is free, and has the target's epoch; what is still another's it waits for
(*unreleased*). So a partition has one owner at any time.

A member that names another epoch than its own is fenced: it must drop all it has and join with
epoch 0. Only the epoch before is let pass, of one who owns nothing that is not its own: it missed
the answer. One that is fenced and joins under its old member id has to wait for the end of its
session.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from minibroker.log.description import GroupInfo, MemberInfo
from minibroker.log.errors import Code, LogError
from minibroker.log.server_assignors import ASSIGNORS
from minibroker.log.sessions import Sessions
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import LeftGroup, Rebalanced, Trace
from minibroker.sim.values import Value

Partition = tuple[str, int]

JOIN, LEAVE, LEAVE_FOR_NOW = 0, -1, -2
"""Epochs by which a member says that it comes and goes; a static one may go for now."""

SESSION, HEARTBEAT = 45 * SECOND, 5 * SECOND
"""``group.consumer.session.timeout.ms`` and ``group.consumer.heartbeat.interval.ms``."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What a member says of itself. `topics`, `owned` and `rebalance_timeout` (microseconds) are
    None where nothing is new; all are needed to join."""

    who: str
    member_id: str
    epoch: int
    instance_id: str | None = None
    topics: Sequence[str] | None = None
    owned: Sequence[Partition] | None = None
    rebalance_timeout: int | None = None
    assignor: str | None = None
    on_rebalance: Callable[[], None] | None = None
    host: str = ""

    @property
    def whole(self) -> bool:
        """Whether it tells all of itself, as a client does that has got no answer."""
        return None not in (self.topics, self.owned, self.rebalance_timeout)


@dataclass(frozen=True, slots=True)
class BeatAnswer:
    """The answer to a heartbeat: `assignment` is None where nothing is new; `interval` is when the
    next one is expected (microseconds)."""

    member_id: str
    epoch: int
    assignment: list[Partition] | None
    interval: int = HEARTBEAT


@dataclass(slots=True, eq=False)
class ConsumerMember:
    """A member: `assigned` are its partitions with the epoch in which it got each, `revoking` those
    that it is to give up and has not yet."""

    member_id: str
    who: str
    instance_id: str | None
    on_rebalance: Callable[[], None] | None = None
    topics: list[str] = field(default_factory=list)
    assignor: str = ""
    rebalance_timeout: int = 300 * SECOND
    session_timeout: int = SESSION
    epoch: int = 0
    previous_epoch: int = -1
    assigned: dict[Partition, int] = field(default_factory=dict)
    revoking: dict[Partition, int] = field(default_factory=dict)
    unreleased: bool = False
    told: list[Partition] | None = None
    host: str = ""
    away: bool = False
    alive: bool = False
    deadline: int = 0
    watched: bool = False


class ConsumerGroup:
    """See the module. `partitions` tells how many a topic has, 0 if there is none."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        trace: Trace,
        at: Callable[[int, Callable[[], None]], None],
        partitions: Callable[[str], int],
        epoch: int = 0,
        session: int = SESSION,
        interval: int = HEARTBEAT,
    ) -> None:
        self.name = name
        self._clock, self._trace, self._at, self._partitions = clock, trace, at, partitions
        self.epoch = epoch
        self._session, self._interval = session, interval
        self.members: dict[str, ConsumerMember] = {}
        self._target: dict[str, list[Partition]] = {}
        self.assignor = "uniform"
        self._counts: dict[str, int] = {}
        self._sessions = Sessions(clock, at, self._expired)

    @property
    def state(self) -> str:
        """``Empty``, ``Reconciling`` while not all own what they are to own, or ``Stable``."""
        if not self.members:
            return "Empty"
        settled = all(
            member.epoch == self.epoch and not member.revoking and not member.unreleased
            for member in self.members.values()
        )
        return "Stable" if settled else "Reconciling"

    # --- heartbeats -----------------------------------------------------------------------------

    def heartbeat(self, beat: Beat) -> BeatAnswer:
        """A member comes, lives or goes. UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH,
        FENCED_INSTANCE_ID, UNRELEASED_INSTANCE_ID, INVALID_REQUEST, UNSUPPORTED_ASSIGNOR."""
        if beat.assignor is not None and beat.assignor not in ASSIGNORS:
            raise LogError(
                Code.UNSUPPORTED_ASSIGNOR,
                f"the broker has no assignor {beat.assignor}; it has {', '.join(ASSIGNORS)}",
            )
        if beat.epoch in (LEAVE, LEAVE_FOR_NOW):
            return self._leaves(beat)
        member = self._joins(beat) if beat.epoch == JOIN else self._lives(beat)
        self._wishes(member, beat)
        if beat.on_rebalance is not None:
            member.on_rebalance, member.alive = beat.on_rebalance, True
        self._sessions.lives(member)
        self._reconcile(member, () if beat.epoch == JOIN else beat.owned)
        told = sorted(member.assigned)
        # Who tells all of itself may have missed the last answer (GroupMetadataManager does so).
        new = told if member.told != told or beat.epoch == JOIN or beat.whole else None
        member.told = told
        return BeatAnswer(member.member_id, member.epoch, new, self._interval)

    def _joins(self, beat: Beat) -> ConsumerMember:
        if beat.topics is None or beat.rebalance_timeout is None or beat.owned:
            raise LogError(
                Code.INVALID_REQUEST,
                "a member joins with its topics, its rebalance timeout and no partitions",
            )
        found = self.members.get(beat.member_id)
        if found is not None:
            if found.away:
                found.away, found.epoch = False, JOIN
            self._check_epoch(found, beat)
            return found
        new = ConsumerMember(
            beat.member_id,
            beat.who,
            beat.instance_id,
            session_timeout=self._session,
            host=beat.host,
        )
        old = self._of_instance(beat.instance_id)
        if old is not None:
            if not old.away:
                raise LogError(
                    Code.UNRELEASED_INSTANCE_ID,
                    f"the instance id {beat.instance_id} belongs to a member of group {self.name} "
                    "that has not left; give each process that runs an id of its own",
                )
            self._replaces(old, new)
        self.members[new.member_id] = new
        return new

    def _replaces(self, old: ConsumerMember, new: ConsumerMember) -> None:
        """A static member is back: it has what it had, and the target of the one before."""
        del self.members[old.member_id]
        new.assigned, new.topics, new.assignor = old.assigned, old.topics, old.assignor
        self._target[new.member_id] = self._target.pop(old.member_id, [])
        self._left(old, "replaced")

    def _lives(self, beat: Beat) -> ConsumerMember:
        member = self.member(beat.member_id, beat.instance_id)
        self._check_epoch(member, beat)
        return member

    def member(self, member_id: str, instance_id: str | None) -> ConsumerMember:
        """The member that a request comes from: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID."""
        if instance_id is not None:
            now = self._of_instance(instance_id)
            if now is not None and now.member_id != member_id:
                raise LogError(
                    Code.FENCED_INSTANCE_ID,
                    f"another member of group {self.name} has the instance id {instance_id} now",
                )
        member = self.members.get(member_id)
        if member is None:
            raise LogError(
                Code.UNKNOWN_MEMBER_ID, f"group {self.name} has no member {member_id}; join again"
            )
        return member

    def _check_epoch(self, member: ConsumerMember, beat: Beat) -> None:
        if beat.epoch == member.epoch:
            return
        owned = () if beat.epoch == JOIN else beat.owned
        missed = (
            beat.epoch == member.previous_epoch
            and owned is not None
            and set(owned) <= set(member.assigned)
        )
        if not missed:
            if member.alive:  # what is fenced keeps no session, though it comes again and again
                self._sessions.keep_alive(member, False)
            raise LogError(
                Code.FENCED_MEMBER_EPOCH,
                f"the member is at epoch {member.epoch} of group {self.name}, not {beat.epoch}; "
                "drop all partitions and join with epoch 0",
            )
        member.told = None

    def _leaves(self, beat: Beat) -> BeatAnswer:
        member = self.member(beat.member_id, beat.instance_id)
        if beat.epoch == LEAVE_FOR_NOW and member.instance_id is not None:
            member.away, member.revoking, member.epoch = True, {}, LEAVE_FOR_NOW
            member.on_rebalance = None
            self._sessions.keep_alive(member, False)
        else:
            self.remove(member, "left")
        return BeatAnswer(beat.member_id, beat.epoch, None, self._interval)

    def _wishes(self, member: ConsumerMember, beat: Beat) -> None:
        if beat.rebalance_timeout is not None:
            member.rebalance_timeout = beat.rebalance_timeout
        before = (member.topics, member.assignor, member.member_id in self._target)
        if beat.topics is not None:
            member.topics = sorted(set(beat.topics))
        if beat.assignor is not None:
            member.assignor = beat.assignor
        if before != (member.topics, member.assignor, True) or self._counts != self._there():
            self._bump()

    # --- the target -----------------------------------------------------------------------------

    def look_at_topics(self) -> None:
        """Topics may have come, gone or grown."""
        if self.members and self._counts != self._there():
            self._bump()

    def _there(self) -> dict[str, int]:
        topics = {topic for member in self.members.values() for topic in member.topics}
        return {topic: count for topic in sorted(topics) if (count := self._partitions(topic))}

    def _bump(self) -> None:
        """Something has changed: make a new target. The assignor is the one most members name."""
        self.epoch += 1
        self._counts = self._there()
        named = [member.assignor for member in self.members.values() if member.assignor]
        self.assignor = max(sorted(set(named)), key=named.count, default="uniform")
        order = sorted(self.members.values(), key=lambda each: each.instance_id or each.member_id)
        wishes: Mapping[str, Sequence[str]] = {each.member_id: each.topics for each in order}
        self._target = ASSIGNORS[self.assignor](wishes, self._counts, self._target)
        self._tell()

    def _tell(self) -> None:
        """Members that have something to learn will do so at their next heartbeats."""
        for member in list(self.members.values()):
            if member.on_rebalance is not None and (
                member.epoch != self.epoch or member.unreleased
            ):
                member.on_rebalance()

    def _reconcile(self, member: ConsumerMember, owned: Sequence[Partition] | None) -> None:
        """Bring a member a step nearer to its target."""
        before = self._owns(member)

        def owns(partitions: Mapping[Partition, int]) -> bool:
            return owned is None or any(partition in partitions for partition in owned)

        if member.revoking and owns(member.revoking):
            return
        if member.epoch == self.epoch and not member.revoking and not member.unreleased:
            return
        target = self._target.get(member.member_id, [])
        kept = {place: since for place, since in member.assigned.items() if place in target}
        revoked = {place: since for place, since in member.assigned.items() if place not in target}
        if revoked and owns(revoked):
            member.assigned, member.revoking = kept, revoked
            self._revoke_in_time(member)
        else:
            taken = {
                place
                for other in self.members.values()
                if other is not member
                for place in self._owns(other)
            }
            free = [place for place in target if place not in kept and place not in taken]
            member.unreleased = len(kept) + len(free) < len(target)
            member.assigned = kept | dict.fromkeys(free, self.epoch)
            member.revoking = {}
            if member.epoch != self.epoch:
                member.previous_epoch, member.epoch = member.epoch, self.epoch
        after = self._owns(member)
        if after != before:
            self._tell_owners()
            if not before <= after:
                self._tell()

    @staticmethod
    def _owns(member: ConsumerMember) -> set[Partition]:
        return {*member.assigned, *member.revoking}

    def _revoke_in_time(self, member: ConsumerMember) -> None:
        epoch = member.epoch

        def late() -> None:
            here = self.members.get(member.member_id) is member
            if here and member.revoking and member.epoch == epoch:
                self.remove(member, "rebalance timeout")

        self._at(self._clock.now + member.rebalance_timeout, late)

    # --- ends -----------------------------------------------------------------------------------

    def keep_alive(self, member: ConsumerMember, alive: bool) -> None:
        """Its client vouches for its heartbeats from now on, or does no more."""
        self._sessions.keep_alive(member, alive)

    def remove(self, member: ConsumerMember, why: str) -> None:
        """A member is out, and the others share what it had."""
        del self.members[member.member_id]
        self._target.pop(member.member_id, None)
        self._left(member, why)
        if why not in ("left", "poll interval") and member.on_rebalance is not None:
            member.on_rebalance()
        self._bump()
        self._tell_owners()

    def _left(self, member: ConsumerMember, why: str) -> None:
        self._trace.append(LeftGroup(at=self._clock.now, who=member.who, group=self.name, why=why))

    def _expired(self, member: ConsumerMember) -> None:
        if self.members.get(member.member_id) is member:
            self.remove(member, "session timeout")

    def _of_instance(self, instance_id: str | None) -> ConsumerMember | None:
        if instance_id is None:
            return None
        there = (each for each in self.members.values() if each.instance_id == instance_id)
        return next(there, None)

    # --- commits and descriptions ---------------------------------------------------------------

    def check_commit(
        self,
        member_id: str,
        epoch: int,
        instance_id: str | None,
        partitions: Collection[Partition],
        *,
        transactional: bool,
    ) -> None:
        """Raise unless this commit counts: STALE_MEMBER_EPOCH of an older epoch, but for partitions
        that the member has had since then (KIP-1251); in a transaction ILLEGAL_GENERATION."""
        if epoch < 0 and not self.members:
            return
        if transactional and epoch < 0 and not member_id and instance_id is None:
            return
        member = self.member(member_id, instance_id)
        since = member.assigned | member.revoking
        had = all(since.get(partition, epoch + 1) <= epoch for partition in partitions)
        if epoch == member.epoch or (0 <= epoch < member.epoch and had):
            return
        raise LogError(
            Code.ILLEGAL_GENERATION if transactional else Code.STALE_MEMBER_EPOCH,
            f"the member is at epoch {member.epoch} of group {self.name}, not {epoch}; "
            "commit again after the next heartbeat",
        )

    def check_fetch(self, member_id: str, epoch: int) -> None:
        """Raise UNKNOWN_MEMBER_ID or STALE_MEMBER_EPOCH unless this is a member as it is now."""
        member = self.member(member_id, None)
        if epoch != member.epoch:
            raise LogError(
                Code.STALE_MEMBER_EPOCH,
                f"the member is at epoch {member.epoch} of group {self.name}, not {epoch}; "
                "ask again after the next heartbeat",
            )

    def read(self) -> set[str]:
        """The topics that a member wishes for."""
        return {topic for member in self.members.values() for topic in member.topics}

    def described(self) -> GroupInfo:
        """How it is, for an operator."""
        members = [
            MemberInfo(
                each.member_id,
                each.instance_id,
                each.who,
                each.topics,
                sorted(each.assigned),
                each.host,
                each.epoch,
                self._target.get(each.member_id, []),
            )
            for each in self.members.values()
        ]
        return GroupInfo(
            self.name, self.state, "consumer", self.assignor, self.epoch, members, modern=True
        )

    def _tell_owners(self) -> None:
        owners: dict[str, Value] = {}
        for member in self.members.values():
            its: list[Value] = [[topic, number] for topic, number in sorted(self._owns(member))]
            before = owners.get(member.who, [])
            assert isinstance(before, list)
            owners[member.who] = before + its
        self._trace.append(
            Rebalanced(at=self._clock.now, group=self.name, generation=self.epoch, owners=owners)
        )
