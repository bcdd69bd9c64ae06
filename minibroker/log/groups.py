"""The group coordinator: all consumer groups of a cluster, and the offsets that they committed.

Rule: a group knows its members, `Offsets` what was committed; here they meet, and here it is
decided whose commit counts. Times are virtual microseconds. Every method raises `LogError`, and
then nothing was changed.

>>> from minibroker.sim.trace import Trace
>>> clock = Clock()
>>> groups = Groups(clock, Trace(), lambda when, action: None)
>>> groups.commit("tool", "billing", {("payments", 0): Committed(7)})
>>> groups.committed("billing")[("payments", 0)].offset
7
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from minibroker.log.batch import NO_PRODUCER
from minibroker.log.consumer_group import HEARTBEAT as CONSUMER_HEARTBEAT
from minibroker.log.consumer_group import JOIN, Beat, BeatAnswer, ConsumerGroup
from minibroker.log.consumer_group import SESSION as CONSUMER_SESSION
from minibroker.log.description import GroupInfo
from minibroker.log.errors import Code, LogError
from minibroker.log.group import INITIAL_DELAY, Group
from minibroker.log.journal import UNKEPT, Journal
from minibroker.log.members import Joined, Joiner, Member, MemberIdRequired, new_id
from minibroker.log.offsets import Committed, Offsets, Partition, check_metadata
from minibroker.log.pending import Pending
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import Fenced, OffsetsCommitted, Trace
from minibroker.sim.values import Value

__all__ = ["Beat", "BeatAnswer", "Committed", "Groups", "Joined", "Joiner", "MemberIdRequired"]

SESSION, LEAST_SESSION, MOST_SESSION = 45 * SECOND, 6 * SECOND, 1800 * SECOND
"""``session.timeout.ms`` of the clients, and between what the broker takes it."""

REBALANCE = 300 * SECOND


def as_it_is(assignment: object) -> list[Value]:
    """``[topic, partition]`` each, from an assignment that is a list of such pairs."""
    pairs = cast("Iterable[tuple[str, int]]", assignment or ())
    return [[topic, partition] for topic, partition in pairs]


class Groups:
    """See the module. `owned` reads ``[topic, partition]`` each from an opaque assignment, for the
    trace. `initial_delay` is how long the first members of a group are waited for (microseconds,
    ``group.initial.rebalance.delay.ms``), `consumer_session` and `consumer_interval` what members
    of the `consumer` protocol are told. All these may be set anew before there is a group.
    `partitions` tells how many a topic has, 0 if there is none; without it there are no
    groups of the `consumer` protocol, for which the broker itself assigns. `unique` makes the ids
    of members, which must not come again after a restart; without it they are counted."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: Callable[[int, Callable[[], None]], None],
        owned: Callable[[object], list[Value]] = as_it_is,
        partitions: Callable[[str], int] | None = None,
        journal: Journal = UNKEPT,
        unique: Callable[[], uuid.UUID] | None = None,
    ) -> None:
        self._clock, self._trace, self._at, self.owned = clock, trace, at, owned
        self.initial_delay = INITIAL_DELAY
        self.consumer_session, self.consumer_interval = CONSUMER_SESSION, CONSUMER_HEARTBEAT
        self._partitions = partitions
        self._journal = journal
        self._unique = unique
        self._groups: dict[str, Group | ConsumerGroup] = {}
        self._offsets: dict[str, Offsets] = {}
        self._ids = 0

    # --- members ----------------------------------------------------------------------------------

    def join(
        self,
        who: str,
        group: str,
        member_id: str,
        protocols: Mapping[str, object],
        *,
        protocol_type: str = "consumer",
        session_timeout: int = SESSION,
        rebalance_timeout: int = REBALANCE,
        instance_id: str | None = None,
        on_rebalance: Callable[[], None] | None = None,
        id_required: bool = False,
        client_id: str = "rdkafka",
        host: str = "",
        can_skip: bool = False,
    ) -> Pending[Joined]:
        """Be a member of `group`, with what each protocol that this client knows is to be told
        (JoinGroup). The answer comes when the group has a new generation.

        A client that gives `on_rebalance` is told at once when the group gathers again, or when it
        is out of it; it vouches for its heartbeats from now on, until it says otherwise by
        `keep_alive`. With `id_required` a new member is only given its id (`MemberIdRequired`).
        A client that `can_skip` knows what `Joined.skip` is.
        INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT, INCONSISTENT_GROUP_PROTOCOL, UNKNOWN_MEMBER_ID,
        FENCED_INSTANCE_ID.
        """
        _check_name(group)
        if not LEAST_SESSION <= session_timeout <= MOST_SESSION:
            raise LogError(
                Code.INVALID_SESSION_TIMEOUT,
                f"a session timeout of {session_timeout // 1000} ms is not between "
                f"{LEAST_SESSION // 1000} and {MOST_SESSION // 1000} ms",
            )
        found = self._groups.get(group)
        if found is None:
            if member_id:
                raise self._unknown(group, member_id)
            found = self._new(group)
        elif isinstance(found, ConsumerGroup):
            if found.members:
                raise self._other_protocol(group, "consumer")
            found = self._new(group, found.epoch)
        if not found.takes(protocol_type, protocols):
            raise LogError(
                Code.INCONSISTENT_GROUP_PROTOCOL,
                f"the members of group {group} know none of {', '.join(protocols) or 'nothing'}; "
                "give all members of a group the same partition.assignment.strategy",
            )
        answer: Pending[Joined] = Pending()
        if member_id and member_id not in found.promised:
            member = found.member(member_id, instance_id)
            member.session_timeout, member.rebalance_timeout = session_timeout, rebalance_timeout
            member.on_rebalance = on_rebalance
            found.rejoin(member, protocols, answer)
            return answer
        self._groups[group] = found
        if not member_id:
            member_id = self._new_member_id(instance_id or client_id, group)
            if id_required and instance_id is None:
                self._promise(found, member_id, session_timeout)
                raise MemberIdRequired(member_id)
        new = Member(
            member_id, who, instance_id, dict(protocols), session_timeout, rebalance_timeout,
            on_rebalance, host, alive=on_rebalance is not None,
        )  # fmt: skip
        old = None if instance_id is None else found.of_instance(instance_id)
        if old is not None:
            found.replace(old, new, answer, can_skip=can_skip)
        else:
            new.joining = answer
            found.add(new, protocol_type)
        return answer

    def sync(
        self,
        group: str,
        member_id: str,
        generation: int,
        assignments: Mapping[str, object],
        instance_id: str | None = None,
        protocol_type: str | None = None,
        protocol: str | None = None,
    ) -> Pending[object]:
        """Ask for the assignment in this generation (SyncGroup); the leader brings everyone's, by
        member id. UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION,
        REBALANCE_IN_PROGRESS; INCONSISTENT_GROUP_PROTOCOL if the member says for which protocol it
        is and the group has another (KIP-559)."""
        found = self._known(group, member_id)
        member = found.member(member_id, instance_id)
        found.check_generation(generation)
        found.check_protocol(protocol_type, protocol)
        return found.sync(member, assignments)

    def heartbeat(
        self, group: str, member_id: str, generation: int, instance_id: str | None = None
    ) -> None:
        """The member lives. REBALANCE_IN_PROGRESS asks it to join again; ILLEGAL_GENERATION,
        UNKNOWN_MEMBER_ID and FENCED_INSTANCE_ID say that the group went on without it."""
        found = self._known(group, member_id)
        member = found.member(member_id, instance_id)
        found.check_generation(generation)
        found.heard(member)

    def keep_alive(self, group: str, member_id: str, alive: bool) -> None:
        """The client of a member vouches that its heartbeats come, so that its session has no
        timer, or tells that they stopped, so that it ends a session timeout from now. Of a member
        that is out already nothing is changed: its next heartbeat tells it."""
        found = self._groups.get(group)
        if isinstance(found, ConsumerGroup):
            if (each := found.members.get(member_id)) is not None:
                found.keep_alive(each, alive)
        elif found is not None and (member := found.members.get(member_id)) is not None:
            found.keep_alive(member, alive)

    def leave(
        self, group: str, member_id: str, instance_id: str | None = None, why: str = "left"
    ) -> None:
        """Be out of the group at once (LeaveGroup). A static member may be named by its instance id
        alone, as an operator does. UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID."""
        found = self._known(group, member_id)
        if member_id in found.promised:
            found.forget(member_id)
            return
        if not member_id and instance_id is not None:
            member = found.of_instance(instance_id)
            if member is None:
                raise self._unknown(group, instance_id)
        else:
            member = found.member(member_id, instance_id)
        found.remove(member, why)

    def consumer_heartbeat(self, group: str, beat: Beat) -> BeatAnswer:
        """All that a member of the `consumer` protocol asks (ConsumerGroupHeartbeat, KIP-848): see
        `ConsumerGroup.heartbeat`. A client that gives `on_rebalance` vouches for its heartbeats, as
        in `join`, and is told at once when the next one has news for it. GROUP_ID_NOT_FOUND while
        the group has members of the classic protocol: to change over while it runs is not
        offered."""
        _check_name(group)
        if self._partitions is None:
            raise LogError(
                Code.UNSUPPORTED_VERSION,
                "this broker has no consumer protocol; set group.protocol to classic",
            )
        found = self._groups.get(group)
        if isinstance(found, Group):
            if found.members:
                raise self._other_protocol(group, "classic")
            found = self._modern(group, found.generation)
        if found is None:
            if beat.epoch != JOIN:
                raise LogError(
                    Code.GROUP_ID_NOT_FOUND, f"there is no group {group}; join it with epoch 0"
                )
            found = self._modern(group, 0)
        if beat.epoch == JOIN and not beat.member_id:
            beat = replace(beat, member_id=self._new_member_id("consumer", group))
        answer = found.heartbeat(beat)
        self._groups[group] = found
        return answer

    def topics_changed(self) -> None:
        """Topics have come, gone or grown: groups for which the broker assigns look at them."""
        for found in self._groups.values():
            if isinstance(found, ConsumerGroup):
                found.look_at_topics()

    # --- offsets ----------------------------------------------------------------------------------

    def commit(
        self,
        who: str,
        group: str,
        offsets: Mapping[Partition, Committed],
        *,
        member_id: str = "",
        generation: int = -1,
        instance_id: str | None = None,
        by_itself: bool = False,
    ) -> None:
        """Set the group's position (OffsetCommit). Without a member and a generation it is taken
        only while the group has no members: UNKNOWN_MEMBER_ID. ILLEGAL_GENERATION,
        FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS, OFFSET_METADATA_TOO_LARGE."""
        self._check_commit(
            who, group, offsets, member_id, generation, instance_id, transactional=False
        )
        check_metadata(offsets)
        self._of(group).commit(offsets, self._clock.now)
        self._journal.committed(group, offsets, self._clock.now, NO_PRODUCER)
        self._tell(who, group, offsets, by_itself=by_itself)

    def commit_in_transaction(
        self,
        who: str,
        group: str,
        offsets: Mapping[Partition, Committed],
        *,
        producer_id: int,
        epoch: int,
        transactional_id: str,
        member_id: str = "",
        generation: int = -1,
        instance_id: str | None = None,
    ) -> None:
        """Set the group's position when the producer's transaction commits (TxnOffsetCommit). The
        producer's epoch is the transaction coordinator's to check; the member and its generation
        are checked here, if they are given, and a zombie is refused as in `commit` (KIP-447)."""
        self._check_commit(
            who, group, offsets, member_id, generation, instance_id, transactional=True
        )
        check_metadata(offsets)
        self._of(group).commit_later(producer_id, offsets, self._clock.now)
        self._journal.committed(group, offsets, self._clock.now, producer_id)
        self._tell(who, group, offsets, transaction=transactional_id)

    def decide(self, producer_id: int, commit: bool) -> None:
        """The transaction of this producer is over: what it would commit counts, or never will."""
        for offsets in self._offsets.values():
            offsets.decide(producer_id, commit)
        self._journal.decided(producer_id, commit)

    def committed(
        self,
        group: str,
        partitions: Iterable[Partition] | None = None,
        *,
        require_stable: bool = False,
        member_id: str | None = None,
        epoch: int = -1,
    ) -> dict[Partition, Committed]:
        """What the group has committed of these partitions (None: of all); those without are left
        out (OffsetFetch). With `require_stable` UNSTABLE_OFFSET_COMMIT while a transaction may
        still change one of them (KIP-447). A member of the `consumer` protocol that names itself is
        refused with UNKNOWN_MEMBER_ID or STALE_MEMBER_EPOCH if it is behind (KIP-848)."""
        self._expire(group)
        found = self._groups.get(group)
        if isinstance(found, ConsumerGroup) and (member_id is not None or epoch >= 0):
            found.check_fetch(member_id or "", epoch)
        offsets = self._offsets.get(group)
        return {} if offsets is None else offsets.committed(partitions, require_stable)

    # --- for operators ----------------------------------------------------------------------------

    def describe(self, group: str) -> GroupInfo:
        """How the group is (DescribeGroups)."""
        self._expire(group)
        found = self._groups.get(group)
        if found is None:
            return GroupInfo(group, "Dead", "", "", -1, [])
        return found.described()

    def list(self) -> list[GroupInfo]:
        """All groups, in the order in which they came to be (ListGroups)."""
        return [info for name in [*self._groups] if (info := self.describe(name)).state != "Dead"]

    def delete(self, group: str) -> None:
        """Forget a group and its offsets (DeleteGroups). GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP."""
        found = self._there(group)
        if found.members or (isinstance(found, Group) and found.promised):
            raise LogError(
                Code.NON_EMPTY_GROUP,
                f"group {group} has {len(found.members)} members; close its consumers first",
            )
        del self._groups[group]
        self._offsets.pop(group, None)
        self._journal.group_forgotten(group)

    def delete_offsets(self, group: str, partitions: Iterable[Partition]) -> None:
        """Forget what the group committed of these partitions (OffsetDelete). GROUP_ID_NOT_FOUND;
        GROUP_SUBSCRIBED_TO_TOPIC while a member is assigned one of their topics."""
        found = self._there(group)
        wanted = list(partitions)
        read = found.read()
        for topic, _ in wanted:
            if topic in read:
                raise LogError(
                    Code.GROUP_SUBSCRIBED_TO_TOPIC,
                    f"members of group {group} read topic {topic}; close its consumers first",
                )
        self._of(group).delete(wanted)
        self._journal.offsets_forgotten(group, wanted)

    def alter_offsets(self, who: str, group: str, offsets: Mapping[Partition, Committed]) -> None:
        """Set the position of a group without members, as an operator: UNKNOWN_MEMBER_ID else."""
        self.commit(who, group, offsets)

    def forget_topic(self, topic: str) -> None:
        """A topic was deleted: nobody has a position in it any more."""
        for group, offsets in self._offsets.items():
            if partitions := offsets.of_topic(topic):
                offsets.delete(partitions)
                self._journal.offsets_forgotten(group, partitions)

    # --- keeping ----------------------------------------------------------------------------------

    def offsets(self) -> Mapping[str, Offsets]:
        """What is kept of each group. To be read only."""
        return self._offsets

    def restore(self, offsets: Mapping[str, Offsets], ids: int) -> None:
        """These groups are there, and have no members: those of before must join again. `ids` is
        more than all numbers that were in a member's id, so that none of them is taken for a new
        one. A group counts as empty since now, for it may have had members until then."""
        self._ids = ids
        for name, kept in offsets.items():
            group = self._groups[name] = self._new(name)
            group.empty_since = self._clock.now
            self._offsets[name] = kept

    # --- within -----------------------------------------------------------------------------------

    def _check_commit(
        self, who: str, group: str, offsets: Mapping[Partition, Committed], member_id: str,
        generation: int, instance_id: str | None, *, transactional: bool,
    ) -> None:  # fmt: skip
        """Raise unless this commit counts, and tell of a zombie."""
        _check_name(group)
        try:
            found = self._groups.get(group)
            if found is None:
                if generation >= 0:
                    raise LogError(
                        Code.ILLEGAL_GENERATION, f"there is no group {group}; join it again"
                    )
                return
            if isinstance(found, ConsumerGroup):
                found.check_commit(
                    member_id, generation, instance_id, offsets, transactional=transactional
                )
            else:
                found.check_commit(member_id, generation, instance_id, transactional=transactional)
        except LogError as error:
            if error.code is not Code.REBALANCE_IN_PROGRESS:
                self._trace.append(
                    Fenced(at=self._clock.now, who=who, what="commit", error=error.code.name)
                )
            raise

    def _tell(
        self, who: str, group: str, offsets: Mapping[Partition, Committed], *,
        transaction: str = "", by_itself: bool = False,
    ) -> None:  # fmt: skip
        self._trace.append(
            OffsetsCommitted(
                at=self._clock.now,
                who=who,
                group=group,
                offsets=[[topic, number, new.offset] for (topic, number), new in offsets.items()],
                transaction=transaction,
                by_itself=by_itself,
            )
        )

    def _new_member_id(self, prefix: str, group: str) -> str:
        if self._unique is not None:
            return f"{prefix}-{self._unique()}"
        self._ids += 1
        return new_id(prefix, group, self._ids)

    def _promise(self, found: Group, member_id: str, session_timeout: int) -> None:
        found.promised.add(member_id)
        self._at(self._clock.now + session_timeout, lambda: found.forget(member_id))

    def _of(self, group: str) -> Offsets:
        if group not in self._groups:
            self._groups[group] = self._new(group)
        return self._offsets.setdefault(group, Offsets())

    def _new(self, group: str, generation: int = 0) -> Group:
        return Group(
            group,
            self._clock,
            self._trace,
            self._at,
            self.owned,
            generation,
            self.initial_delay,
        )

    def _modern(self, group: str, epoch: int) -> ConsumerGroup:
        assert self._partitions is not None
        return ConsumerGroup(
            group,
            self._clock,
            self._trace,
            self._at,
            self._partitions,
            epoch,
            self.consumer_session,
            self.consumer_interval,
        )

    def _expire(self, group: str) -> None:
        """Forget offsets that are too old, and a group of which nothing is left."""
        offsets, found = self._offsets.get(group), self._groups.get(group)
        if offsets is None or found is None or found.state != "Empty":
            return
        # of a group of the newer protocol they expire since they were committed
        empty_since = found.empty_since if isinstance(found, Group) else None
        if old := offsets.expire(self._clock.now, empty_since):
            self._journal.offsets_forgotten(group, old)
            if not offsets:
                del self._groups[group], self._offsets[group]
                self._journal.group_forgotten(group)

    def _known(self, group: str, member_id: str) -> Group:
        found = self._groups.get(group)
        if not isinstance(found, Group):
            raise self._unknown(group, member_id)
        return found

    def _there(self, group: str) -> Group | ConsumerGroup:
        self._expire(group)
        found = self._groups.get(group)
        if found is None:
            raise LogError(
                Code.GROUP_ID_NOT_FOUND, f"there is no group {group}; see the list of groups"
            )
        return found

    @staticmethod
    def _other_protocol(group: str, protocol: str) -> LogError:
        return LogError(
            Code.GROUP_ID_NOT_FOUND if protocol == "classic" else Code.INCONSISTENT_GROUP_PROTOCOL,
            f"group {group} has members of the {protocol} protocol; close them, or set "
            f"group.protocol to {protocol}",
        )

    @staticmethod
    def _unknown(group: str, member_id: str) -> LogError:
        return LogError(
            Code.UNKNOWN_MEMBER_ID, f"group {group} has no member {member_id}; join again"
        )


def _check_name(group: str) -> None:
    if not group:
        raise LogError(Code.INVALID_GROUP_ID, "a group's id must not be empty; set group.id")
