"""A group coordinator with its clock and trace, and members that speak the classic protocol."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Committed, Groups, Joined
from minibroker.log.pending import Pending
from minibroker.sim.trace import Event, Trace
from tests.minibroker.queues.due import Due


class Coordinated(Due):
    """`groups` under a clock that `passes`."""

    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self.groups = Groups(self.clock, self.trace, self.at)

    def since(self, kind: type[Event], before: int = 0) -> list[Event]:
        """The events of a kind after the first `before` of all."""
        return [event for event in self.trace.events[before:] if type(event) is kind]


class Client:
    """What a client knows of itself: it joins, syncs, and as leader gives each a partition."""

    def __init__(self, on: Coordinated, who: str, group: str = "g", **joining: object) -> None:
        self.on, self.who, self.group, self.joining = on, who, group, joining
        self.instance_id = joining.get("instance_id")
        self.member_id, self.generation = "", -1
        self.told = 0
        self.synced_in = -1

    def hear(self) -> None:
        """The group gathers again."""
        self.told += 1

    def join(self, metadata: object = "t") -> Pending[Joined]:
        """Ask to be a member."""
        self.joined = self.on.groups.join(
            self.who, self.group, self.member_id, {"range": metadata},
            **{"on_rebalance": self.hear} | self.joining,
        )  # fmt: skip
        return self.joined

    def sync(self) -> Pending[object]:
        """Take the answer to the join and ask for the assignment."""
        answer = self.joined.get()
        self.member_id, self.generation = answer.member_id, answer.generation
        given = {member.member_id: [("t", number)] for number, member in enumerate(answer.members)}
        self.synced = self.on.groups.sync(
            self.group, self.member_id, self.generation, given, self.instance_id
        )
        self.synced_in = self.generation
        return self.synced

    def beat(self) -> None:
        """Heartbeat."""
        self.on.groups.heartbeat(self.group, self.member_id, self.generation, self.instance_id)

    def commit(self, offset: int, partition: int = 0) -> None:
        """Commit a position in topic t."""
        self.on.groups.commit(
            self.who, self.group, {("t", partition): Committed(offset)},
            member_id=self.member_id, generation=self.generation, instance_id=self.instance_id,
        )  # fmt: skip


def stable(*clients: Client) -> None:
    """All join and come to a stable generation; the first leads."""
    for client in clients:
        client.join()
    clients[0].on.passes(7)
    for client in clients:
        client.sync()
    assert all(client.synced.done for client in clients)


@contextmanager
def refused(code: Code) -> Iterator[None]:
    """What is done within is refused with this code."""
    with pytest.raises(LogError) as found:
        yield
    assert found.value.code is code


def refusal(action: Callable[[], object]) -> Code | None:
    """The code that an action is refused with, None if it is not."""
    try:
        action()
    except LogError as error:
        return error.code
    return None
