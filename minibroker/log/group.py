"""A consumer group of the classic protocol: who is in it, and how it comes to a new generation
(Kafka's "Consumer Rebalance Protocol"; KIP-62, KIP-134, KIP-345, KIP-394).

Theory of operation. A group that changes is *preparing*: it waits until all its members have joined
again, or until the longest of their rebalance timeouts is over, and drops who has not. A group that
was empty waits a little instead, so that members who start together meet. Then the generation goes
up, all are told, and the group is *completing*: the leader assigns, the others wait for its word in
their syncs. With that it is *stable*. States and moves are the table below.

A static member (one with an instance id) that comes back takes the place and the assignment of the
one before it, which is fenced; of a stable group no other member notices. It does not leave because
it missed a rebalance: only its session's end takes it out.

A session ends when nothing was heard for its length. One whose client vouches for it (`alive`)
costs no timers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from minibroker.log.description import GroupInfo, MemberInfo
from minibroker.log.errors import Code, LogError
from minibroker.log.members import Joined, Joiner, Member, choose, common
from minibroker.log.pending import Pending
from minibroker.log.sessions import Sessions
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import LeftGroup, Rebalanced, Trace
from minibroker.sim.values import Value

INITIAL_DELAY = 3 * SECOND
"""``group.initial.rebalance.delay.ms``."""

State = Literal["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"]

MOVES: dict[State, frozenset[State]] = {
    "PreparingRebalance": frozenset({"Empty", "CompletingRebalance", "Stable"}),
    "CompletingRebalance": frozenset({"PreparingRebalance"}),
    "Stable": frozenset({"CompletingRebalance"}),
    "Empty": frozenset({"PreparingRebalance"}),
}
"""From which states a group comes into each."""


@dataclass(slots=True)
class _Gathering:
    """The preparation of one generation, which ends at `deadline` at the latest. `initial`: of a
    group that was empty, with so much left of its time (microseconds) and a `newcomer` since."""

    initial: bool
    left: int = 0
    newcomer: bool = False
    overdue: bool = False


class Group:
    """See the module. `owned` reads ``[topic, partition]`` each from an assignment."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        trace: Trace,
        at: Callable[[int, Callable[[], None]], None],
        owned: Callable[[object], list[Value]],
        generation: int = 0,
        initial_delay: int = INITIAL_DELAY,
    ) -> None:
        self.name = name
        self._initial_delay = initial_delay
        self._clock, self._trace, self._at, self._owned = clock, trace, at, owned
        self.state: State = "Empty"
        self.generation = generation
        self.protocol_type = ""
        self.protocol = ""
        self.leader = ""
        self.members: dict[str, Member] = {}
        self.promised: set[str] = set()
        """Ids given to members that have yet to join with them."""
        self.empty_since: int | None = None
        """When its last member left, if it ever had one."""
        self._static: dict[str, str] = {}
        self._gathering = _Gathering(initial=True)
        self._sessions = Sessions(clock, at, self._expired)

    # --- who is who ---------------------------------------------------------------------------

    def member(self, member_id: str, instance_id: str | None) -> Member:
        """The member that a request comes from. UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID if
        another has its instance id now."""
        if instance_id is not None:
            now = self._static.get(instance_id)
            if now is None:
                raise self._unknown(member_id or instance_id)
            if now != member_id:
                raise LogError(
                    Code.FENCED_INSTANCE_ID,
                    f"another member of group {self.name} has the instance id {instance_id} now; "
                    "give each process that runs an id of its own",
                )
        member = self.members.get(member_id)
        if member is None:
            raise self._unknown(member_id)
        return member

    def of_instance(self, instance_id: str) -> Member | None:
        """The member that has this instance id."""
        member_id = self._static.get(instance_id)
        return None if member_id is None else self.members[member_id]

    def check_generation(self, generation: int) -> None:
        """Raise ILLEGAL_GENERATION for another than the one now."""
        if generation != self.generation:
            raise LogError(
                Code.ILLEGAL_GENERATION,
                f"generation {generation} of group {self.name} is over, it is at "
                f"{self.generation}; join again",
            )

    def check_protocol(self, protocol_type: str | None, protocol: str | None) -> None:
        """Raise INCONSISTENT_GROUP_PROTOCOL if one of these is given and is not the group's."""
        for given, own in ((protocol_type, self.protocol_type), (protocol, self.protocol)):
            if given is not None and given != own:
                raise LogError(
                    Code.INCONSISTENT_GROUP_PROTOCOL,
                    f"group {self.name} is one of {own!r}, not of {given!r}; join again",
                )

    def check_commit(
        self, member_id: str, generation: int, instance_id: str | None, *, transactional: bool
    ) -> None:
        """Raise unless this commit counts. A member of a group that gathers for a new generation
        may still commit in the old one; after that it may not, until it knows its part. Without a
        member and a generation it counts while there are no members, and in a transaction."""
        if generation < 0 and self.state == "Empty":
            return
        if generation >= 0 or member_id or instance_id is not None:
            member = self.member(member_id, instance_id)
            self.check_generation(generation)
        elif transactional:
            return
        else:
            raise LogError(
                Code.UNKNOWN_MEMBER_ID,
                f"group {self.name} has members, and only they may commit for it",
            )
        if self.state == "CompletingRebalance" and not transactional:
            raise self._rebalancing()
        self._sessions.lives(member)

    def read(self) -> set[str]:
        """The topics of which a member has partitions."""
        every = (place for each in self.members.values() for place in self._owned(each.assignment))
        return {cast("tuple[str, int]", place)[0] for place in every}

    def described(self) -> GroupInfo:
        """How it is, for an operator."""
        members = [
            MemberInfo(
                member.member_id,
                member.instance_id,
                member.who,
                member.protocols.get(self.protocol),
                member.assignment,
                member.host,
            )
            for member in self.members.values()
        ]
        return GroupInfo(
            self.name,
            self.state,
            self.protocol_type,
            self.protocol,
            self.generation,
            members,
        )

    def takes(self, protocol_type: str, protocols: Mapping[str, object]) -> bool:
        """Whether a member with these protocols can be in the group."""
        if not protocol_type or not protocols:
            return False
        if not self.members:
            return True
        return protocol_type == self.protocol_type and bool(common(self.members) & set(protocols))

    def forget(self, member_id: str) -> None:
        """Nobody will join with this id that was given away."""
        if member_id in self.promised:
            self.promised.discard(member_id)
            if self.state == "PreparingRebalance":
                self._go_on()

    # --- joining ------------------------------------------------------------------------------

    def add(self, member: Member, protocol_type: str) -> None:
        """A new member, which waits for the answer to its join."""
        if not self.members:
            self.protocol_type = protocol_type
        self.promised.discard(member.member_id)
        self.members[member.member_id] = member
        if member.instance_id is not None:
            self._static[member.instance_id] = member.member_id
        if self.state == "PreparingRebalance":
            self._gathering.newcomer = True
        self._rebalance_or_go_on()

    def rejoin(
        self, member: Member, protocols: Mapping[str, object], answer: Pending[Joined]
    ) -> None:
        """A member joins again: for the rebalance that is on, since what it wants has changed, as
        the leader to have all assigned anew, or because it missed an answer."""
        missed_answer = self.state == "CompletingRebalance" or (
            self.state == "Stable" and member.member_id != self.leader
        )
        if missed_answer and member.protocols == protocols:
            answer.settle(self._joined(member))
            return
        member.protocols = dict(protocols)
        if member.joining is not None:
            member.answer_join(self._unknown(member.member_id))
        member.joining = answer
        self._rebalance_or_go_on()

    def replace(
        self, old: Member, new: Member, answer: Pending[Joined], *, can_skip: bool = False
    ) -> None:
        """A static member is back under a new member id: `new` takes the place of `old`. A leader
        that knows that it `can_skip` the assignment is told that it leads."""
        fenced = LogError(Code.FENCED_INSTANCE_ID)
        old.answer_join(fenced)
        old.answer_sync(fenced)
        new.assignment, new.synced = old.assignment, old.synced
        before, self.members = self.members, {}
        for member_id, member in before.items():  # in its place, since the order is seen
            if member is old:
                self.members[new.member_id] = new
            else:
                self.members[member_id] = member
        assert new.instance_id is not None
        self._static[new.instance_id] = new.member_id
        self._trace.append(
            LeftGroup(at=self._clock.now, who=old.who, group=self.name, why="replaced")
        )
        leader_before = self.leader
        if old.member_id == self.leader:
            self.leader = new.member_id
        _tell(old)
        if self.state == "Stable" and choose(self.members) == self.protocol:
            self._sessions.lives(new)
            joined = self._joined(new)
            if not can_skip:
                # It is not told that it leads, or it would assign anew (KIP-345).
                joined = replace(joined, leader=leader_before, members=[])
            elif joined.members:
                # It goes on to look for changes that ask for another assignment (KIP-814).
                joined = replace(joined, skip=True)
            answer.settle(joined)
            self._tell_owners()
            return
        new.joining = answer
        self._rebalance_or_go_on()

    def remove(self, member: Member, why: str) -> None:
        """A member is out, and the others share what it had."""
        self._drop(member, why)
        if self.state in ("Stable", "CompletingRebalance"):
            self._prepare()
        elif self.state == "PreparingRebalance":
            self._go_on()

    # --- a rebalance ---------------------------------------------------------------------------

    def _rebalance_or_go_on(self) -> None:
        if self.state == "PreparingRebalance":
            self._go_on()
        else:
            self._prepare()

    def _prepare(self) -> None:
        """Begin to gather the members for the next generation."""
        if self.state == "CompletingRebalance":
            for member in self.members.values():
                member.assignment = None
                member.answer_sync(LogError(Code.REBALANCE_IN_PROGRESS))
        initial = self.state == "Empty"
        self._move("PreparingRebalance")
        longest = max((member.rebalance_timeout for member in self.members.values()), default=0)
        self._gathering = gathering = _Gathering(initial)
        if initial:
            self._gather_longer(gathering, longest)
            return
        for member in list(self.members.values()):
            if not member.rejoined:
                _tell(member)
        if self._gathering is gathering and not self._go_on():
            self._at(self._clock.now + longest, lambda: self._late(gathering))

    def _gather_longer(self, gathering: _Gathering, left: int) -> None:
        """Wait for members that start together, a while after each that came, in all no longer
        than `left` (KIP-134)."""
        wait = min(self._initial_delay, left)
        gathering.left, gathering.newcomer = left - wait, False

        def over() -> None:
            if self._gathering is not gathering or self.state != "PreparingRebalance":
                return
            if gathering.newcomer and gathering.left:
                self._gather_longer(gathering, gathering.left)
            else:
                self._complete()

        self._at(self._clock.now + wait, over)

    def _go_on(self) -> bool:
        """Complete the rebalance if it waits for nobody."""
        gathering = self._gathering
        if gathering.initial or self.promised:
            return False
        if not all(member.rejoined for member in self.members.values()):
            if gathering.overdue and any(member.rejoined for member in self.members.values()):
                longest = max(member.rebalance_timeout for member in self.members.values())
                gathering.overdue = False
                self._at(self._clock.now + longest, lambda: self._late(gathering))
            return False
        self._complete()
        return True

    def _late(self, gathering: _Gathering) -> None:
        if self._gathering is gathering and self.state == "PreparingRebalance":
            self._complete()

    def _complete(self) -> None:
        """Go to the next generation with those who have joined."""
        for member in list(self.members.values()):
            if not member.rejoined and member.instance_id is None:
                self._drop(member, "rebalance timeout")
        leader = self._elect()
        if self.members and not leader:
            self._gathering.overdue = True  # only static members, and none is back yet
            return
        self.generation += 1
        self.leader = leader
        if not self.members:
            self.protocol = ""
            self.empty_since = self._clock.now
            self._move("Empty")
            self._tell_owners()
            return
        self.empty_since = None
        self.protocol = choose(self.members)
        self._move("CompletingRebalance")
        generation = self.generation
        for member in list(self.members.values()):
            member.synced = False
            self._sessions.lives(member)
        if any(member.on_rebalance is None for member in self.members.values()):
            longest = max(member.rebalance_timeout for member in self.members.values())
            self._at(self._clock.now + longest, lambda: self._expire_syncs(generation))
        answers = [(member, self._joined(member)) for member in self.members.values()]
        for member, answer in answers:
            member.answer_join(answer)

    def _elect(self) -> str:
        """The leader, if it has joined again, else the first that has."""
        leader = self.members.get(self.leader)
        if leader is not None and leader.rejoined:
            return self.leader
        return next((key for key, member in self.members.items() if member.rejoined), "")

    def _joined(self, member: Member) -> Joined:
        told: list[Joiner] = []
        if member.member_id == self.leader:
            told = [
                Joiner(each.member_id, each.instance_id, each.protocols[self.protocol])
                for each in self.members.values()
            ]
        return Joined(member.member_id, self.generation, self.protocol, self.leader, told)

    def sync(self, member: Member, assignments: Mapping[str, object]) -> Pending[object]:
        """A member asks for its assignment; the leader brings all of them."""
        answer: Pending[object] = Pending()
        if self.state == "PreparingRebalance":
            raise self._rebalancing()
        if self.state == "Empty":
            raise self._unknown(member.member_id)
        member.synced = True
        if self.state == "Stable":
            self._sessions.lives(member)
            answer.settle(member.assignment)
            return answer
        member.syncing = answer
        if member.member_id == self.leader:
            self._move("Stable")
            for each in self.members.values():
                each.assignment = assignments.get(each.member_id)
            self._tell_owners()
            for each in list(self.members.values()):
                self._sessions.lives(each)
                each.answer_sync(each.assignment)
        return answer

    def _expire_syncs(self, generation: int) -> None:
        if generation != self.generation or self.state == "PreparingRebalance":
            return
        late = [member for member in self.members.values() if not member.synced]
        for member in late:
            self._drop(member, "rebalance timeout")
        if late:
            self._prepare()

    # --- sessions -------------------------------------------------------------------------------

    def heard(self, member: Member) -> None:
        """A heartbeat, or what counts as one. REBALANCE_IN_PROGRESS while the group gathers."""
        if self.state == "Empty":
            raise self._unknown(member.member_id)
        self._sessions.lives(member)
        if self.state == "PreparingRebalance":
            raise self._rebalancing()

    def keep_alive(self, member: Member, alive: bool) -> None:
        """Its client vouches for it from now on, or does no more."""
        self._sessions.keep_alive(member, alive)

    def _expired(self, member: Member) -> None:
        if self.members.get(member.member_id) is not member:
            return
        if not member.rejoined and member.syncing is None:
            self.remove(member, "session timeout")
        # else it waits for us: its session begins with our answer

    # --- ends -------------------------------------------------------------------------------------

    def _drop(self, member: Member, why: str) -> None:
        del self.members[member.member_id]
        if member.instance_id is not None:
            del self._static[member.instance_id]
        if member.member_id == self.leader:
            self.leader = ""
        self._trace.append(LeftGroup(at=self._clock.now, who=member.who, group=self.name, why=why))
        unknown = self._unknown(member.member_id)
        member.answer_join(unknown)
        member.answer_sync(unknown)
        if why not in ("left", "poll interval"):
            _tell(member)

    def _tell_owners(self) -> None:
        owners: dict[str, Value] = {}
        for member in self.members.values():
            before = owners.get(member.who, [])
            assert isinstance(before, list)
            owners[member.who] = before + self._owned(member.assignment)
        self._trace.append(
            Rebalanced(
                at=self._clock.now, group=self.name, generation=self.generation, owners=owners
            )
        )

    def _move(self, to: State) -> None:
        assert self.state in MOVES[to], f"{self.name}: {self.state} -> {to}"
        self.state = to

    def _unknown(self, member_id: str) -> LogError:
        return LogError(
            Code.UNKNOWN_MEMBER_ID,
            f"group {self.name} has no member {member_id or 'without an id'}; join again",
        )

    def _rebalancing(self) -> LogError:
        return LogError(Code.REBALANCE_IN_PROGRESS, f"group {self.name} is rebalancing; join again")


def _tell(member: Member) -> None:
    if member.on_rebalance is not None:
        member.on_rebalance()
