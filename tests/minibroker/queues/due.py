"""A clock with its timers, for engines that are tested without a world."""

import heapq
from collections.abc import Callable

from minibroker.sim.clock import Clock, seconds


class Due:
    """Give its `at` to a broker, then let time pass."""

    def __init__(self, now: int = 0) -> None:
        self.clock = Clock(now)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do `action` when the clock comes to `when`."""
        assert when >= self.clock.now, "a timer is set for what is to come"
        self._order += 1
        heapq.heappush(self._heap, (when, self._order, action))

    @property
    def pending(self) -> list[int]:
        """When something is due, in order."""
        return sorted(when for when, _, _ in self._heap)

    def passes(self, span: float) -> None:
        """Let `span` seconds pass."""
        until = self.clock.now + seconds(span)
        while self._heap and self._heap[0][0] <= until:
            when, _, action = heapq.heappop(self._heap)
            self.clock.advance(when)
            action()
        self.clock.advance(until)
