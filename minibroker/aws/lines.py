"""The two orders in which a queue hands out what is ready.

Rule: a line knows order and nothing else: no time, no trace. What is not ready any more is left in
its place and skipped when its turn comes, so nothing is ever searched for.

- `Standard`: first come, first served, where *come* means: became visible. SQS promises less (SQS
  Developer Guide, "Amazon SQS standard queues"), and a program must not rely on it.
- `Groups`: the order of arrival within each message group. Of a group whose messages are held those
  wait that come after the first held one; those before it, which came back, do not. The groups take
  turns in the order in which they had something to give. As many messages of one group as are asked
  for go together (SQS Developer Guide, "FIFO queue delivery logic").
"""

import heapq
from collections import deque
from dataclasses import dataclass, field

from minibroker.aws.message import HELD, READY, Copy


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
    """What of one message group waits and what is held, both with the first one first."""

    waiting: list[Copy] = field(default_factory=list)
    held: list[Copy] = field(default_factory=list)
    in_line: bool = False

    def next(self) -> Copy | None:
        """The message that may be handed out next."""
        for heap, state in ((self.waiting, READY), (self.held, HELD)):
            while heap and heap[0].state is not state:
                heapq.heappop(heap)
        if self.waiting and not (self.held and self.held[0] < self.waiting[0]):
            return self.waiting[0]
        return None


class Groups:
    """The line of a FIFO queue."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._line: deque[str] = deque()

    def put(self, copy: Copy) -> None:
        """A copy became visible, for the first time or again: it takes its place in its group."""
        name = copy.message.group
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group()
        heapq.heappush(group.waiting, copy)
        self._look(name, group)

    def take(self, most: int) -> list[Copy]:
        """The next copies, at most so many."""
        taken: list[Copy] = []
        while self._line and len(taken) < most:
            name = self._line.popleft()
            group = self._groups[name]
            group.in_line = False
            begin = len(taken)
            while len(taken) < most and (copy := group.next()) is not None:
                heapq.heappop(group.waiting)
                taken.append(copy)
            for copy in taken[begin:]:
                copy.state = HELD
                heapq.heappush(group.held, copy)
            self._look(name, group)
        return taken

    def release(self, copy: Copy) -> None:
        """A copy that was taken is held no more; what waited for it may go on."""
        self._look(copy.message.group, self._groups[copy.message.group])

    skip = release
    """A ready copy is gone."""

    def _look(self, name: str, group: Group) -> None:
        if group.next() is not None:
            if not group.in_line:
                group.in_line = True
                self._line.append(name)
        elif not (group.waiting or group.held or group.in_line):
            del self._groups[name]
