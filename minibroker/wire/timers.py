"""The clock on the wall and the timers of an event loop, for an engine that asks for both."""

import asyncio
import time
from collections.abc import Callable

from minibroker.log.terms import EPOCH_US
from minibroker.sim.clock import Clock


class WallClock(Clock):
    """Microseconds as the engine counts them, moved by the time of day but never back."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = time.time_ns() // 1_000 - EPOCH_US - time.monotonic_ns() // 1_000

    @property
    def now(self) -> int:  # type: ignore[override]
        """Now, from the clock that is never set."""
        return time.monotonic_ns() // 1_000 + self._offset

    def advance(self, to: int) -> None:
        """Nobody moves this clock."""


class Timers:
    """`at` asks an event loop for an action at a time of the clock."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock, self._loop = clock, loop
        self._pending: set[asyncio.TimerHandle] = set()

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Run `action` at `when`, never before."""

        def due() -> None:
            self._pending.discard(handle)
            if self._clock.now < when:
                self.at(when, action)
            else:
                action()

        handle = self._loop.call_later(max(0, when - self._clock.now) / 1_000_000, due)
        self._pending.add(handle)

    def cancel(self) -> None:
        """Nothing that was asked for happens any more."""
        for handle in self._pending:
            handle.cancel()
        self._pending.clear()
