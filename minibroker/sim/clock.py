"""Virtual time in whole microseconds since the start of the run. Nobody waits for it."""

from dataclasses import dataclass

MILLISECOND = 1_000
SECOND = 1_000_000


@dataclass(slots=True)
class Clock:
    """The one clock of a world. Only the world moves it, and only forward."""

    now: int = 0

    def advance(self, to: int) -> None:
        """Jump to virtual time `to`; a time in the past leaves the clock where it is."""
        if to > self.now:
            self.now = to


def seconds(span: float) -> int:
    """A span in seconds as microseconds, rounded to the nearest."""
    return round(span * SECOND)
