"""One member of a consumer group, and what the coordinator answers it.

Rule: what is written here is state. What may follow from it is `minibroker.log.group`'s.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from minibroker.log.errors import Code, LogError
from minibroker.log.pending import Pending


@dataclass(frozen=True, slots=True)
class Joiner:
    """A member as the leader is told of it: `metadata` is what it sent for the chosen protocol."""

    member_id: str
    instance_id: str | None
    metadata: object


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a join. Only the leader, whose own id is `leader`, is told of the `members`,
    for whom it is to assign the partitions, unless it is to `skip` that (KIP-814)."""

    member_id: str
    generation: int
    protocol: str
    leader: str
    members: list[Joiner]
    skip: bool = False


class MemberIdRequired(LogError):
    """A new member is to join again with the id that it is given here (KIP-394)."""

    def __init__(self, member_id: str) -> None:
        super().__init__(Code.MEMBER_ID_REQUIRED)
        self.member_id = member_id


@dataclass(slots=True, eq=False)
class Member:
    """A member of the classic protocol. Times are microseconds.

    `alive` says that its client vouches for its heartbeats and will say when they stop; otherwise
    its session ends at `deadline` unless it is heard of before. `watched`: a look at that is due.
    """

    member_id: str
    who: str
    instance_id: str | None
    protocols: dict[str, object]
    session_timeout: int
    rebalance_timeout: int
    on_rebalance: Callable[[], None] | None
    host: str = ""
    assignment: object = None
    joining: Pending[Joined] | None = None
    syncing: Pending[object] | None = None
    synced: bool = False
    alive: bool = False
    deadline: int = 0
    watched: bool = False

    @property
    def rejoined(self) -> bool:
        """Whether it waits for the answer to its join."""
        return self.joining is not None

    def answer_join(self, result: Joined | LogError) -> None:
        """Answer its join, if it waits for that."""
        waiting, self.joining = self.joining, None
        if waiting is not None:
            waiting.settle(result)

    def answer_sync(self, result: object) -> None:
        """Answer its sync, if it waits for that, with its assignment or a `LogError`."""
        waiting, self.syncing = self.syncing, None
        if waiting is not None:
            waiting.settle(result)


def choose(members: Mapping[str, Member]) -> str:
    """The protocol of the next generation: each member votes for the first of its protocols that
    all members know, and most votes win, ties by the first vote."""
    shared = common(members)
    votes: dict[str, int] = {}
    for member in members.values():
        vote = next(name for name in member.protocols if name in shared)
        votes[vote] = votes.get(vote, 0) + 1
    return max(votes, key=lambda name: votes[name])


def common(members: Mapping[str, Member]) -> set[str]:
    """The protocols that all members know."""
    known = [set(member.protocols) for member in members.values()]
    return set.intersection(*known) if known else set()


def new_id(prefix: str, group: str, number: int) -> str:
    """The id of the `number`-th member of a group: like a real one, and the same in every run."""
    return f"{prefix}-{uuid.uuid5(uuid.NAMESPACE_OID, f'{group}/{number}')}"
