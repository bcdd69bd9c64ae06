"""The two orders in which a queue hands out what is ready.

Rule: a line knows order and nothing else: no time, no trace. What is not ready any more is left in
its place and skipped when its turn comes, so nothing is ever searched for.

- `Standard`: first come, first served, where *come* means: became visible. SQS promises less (SQS
  Developer Guide, "Amazon SQS standard queues"), and a program must not rely on it.
- `Groups`: the order of arrival within each message group. A group of which anything is held is
  closed; of the open ones the one whose first message is oldest comes first, with as many messages
  as are asked for (SQS Developer Guide, "FIFO queue delivery logic").
"""

import heapq
from collections import deque
from dataclasses import dataclass, field

from minibroker.aws.message import READY, Copy


class Standard:
    """The line of a standard queue."""

    def __init__(self) -> None:
        self._ready: deque[Copy] = deque()

    def put(self, copy: Copy) -> None:
        """A copy became visible."""
        self._ready.append(copy)

    def take(self, most: int) -> list[Copy]:
        """The next copies, at most so many."""
        taken: list[Copy] = []
        while self._ready and len(taken) < most:
            copy = self._ready.popleft()
            if copy.state is READY:
                taken.append(copy)
        return taken

    def release(self, copy: Copy) -> None:
        """A copy that was taken is held no more."""

    def skip(self, copy: Copy) -> None:
        """A ready copy is gone: nobody keeps it for nothing where it is first."""
        while self._ready and self._ready[0].state is not READY:
            self._ready.popleft()


@dataclass(slots=True)
class Group:
    """What waits of one message group, and how many of it are held."""

    waiting: list[tuple[int, Copy]] = field(default_factory=list)
    held: int = 0
    in_line: bool = False


class Groups:
    """The line of a FIFO queue."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._line: list[tuple[int, str]] = []

    def put(self, copy: Copy) -> None:
        """A copy became visible, for the first time or again: it takes its place in its group."""
        name = copy.message.group
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group()
        heapq.heappush(group.waiting, (copy.position, copy))
        self._open(name, group)

    def take(self, most: int) -> list[Copy]:
        """The next copies, at most so many."""
        taken: list[Copy] = []
        while self._line and len(taken) < most:
            position, name = heapq.heappop(self._line)
            group = self._groups[name]
            group.in_line = False
            _skip(group)
            if group.waiting and group.waiting[0][0] != position:
                self._open(name, group)
                continue
            while group.waiting and len(taken) < most:
                _, copy = heapq.heappop(group.waiting)
                if copy.state is READY:
                    taken.append(copy)
                    group.held += 1
            self._forget(name, group)
        return taken

    def release(self, copy: Copy) -> None:
        """A copy that was taken is held no more; the group opens when none is."""
        name = copy.message.group
        group = self._groups[name]
        group.held -= 1
        self._open(name, group)
        self._forget(name, group)

    def skip(self, copy: Copy) -> None:
        """A ready copy is gone."""
        name = copy.message.group
        _skip(self._groups[name])
        self._forget(name, self._groups[name])

    def _open(self, name: str, group: Group) -> None:
        _skip(group)
        if group.waiting and not group.held and not group.in_line:
            group.in_line = True
            heapq.heappush(self._line, (group.waiting[0][0], name))

    def _forget(self, name: str, group: Group) -> None:
        if not (group.waiting or group.held or group.in_line):
            del self._groups[name]


def _skip(group: Group) -> None:
    """Nobody takes what is gone."""
    while group.waiting and group.waiting[0][1].state is not READY:
        heapq.heappop(group.waiting)
