"""What a FIFO queue remembers for five minutes: deduplication ids of what was sent, and attempts to
receive (SQS Developer Guide, "Exactly-once processing").

>>> seen: Window[int] = Window(300)
>>> seen.add("order-1", 7, now=0)
>>> seen.find("order-1", now=299), seen.find("order-1", now=300)
(7, None)
"""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Window(Generic[T]):
    """Keys with a value, for `span` microseconds from when they were first added."""

    def __init__(self, span: int) -> None:
        self._span = span
        self._found: dict[object, tuple[int, T]] = {}
        self._ends: deque[tuple[int, object]] = deque()

    def find(self, key: object, now: int) -> T | None:
        """The value, if the key is still remembered."""
        while self._ends and self._ends[0][0] <= now:
            end, old = self._ends.popleft()
            if old in self._found and self._found[old][0] == end:
                del self._found[old]
        found = self._found.get(key)
        return None if found is None else found[1]

    def add(self, key: object, value: T, now: int) -> None:
        """Remember it from now on."""
        end = now + self._span
        self._found[key] = end, value
        self._ends.append((end, key))
