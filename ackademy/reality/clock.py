"""The time of a run outside the simulator: real microseconds, counted as the scenario counts."""

import time

from minibroker.sim.clock import SECOND, Clock, seconds


class RealClock(Clock):
    """A clock that real time moves. The ledgers read it as they read the simulator's; whoever is
    about to do something calls `tick` first."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def tick(self) -> int:
        """Come to the present, and give it."""
        self.advance(seconds(time.monotonic() - self._began))
        return self.now

    def leap(self, to: int) -> None:
        """The present is `to` from now on: all that the scenario would have waited for is there."""
        if to > self.tick():
            self._began -= (to - self.now) / SECOND
            self.advance(to)

    def until(self, moment: int) -> float:
        """Real seconds from now to a moment; 0 when it is over."""
        return max(0.0, (moment - self.tick()) / SECOND)
