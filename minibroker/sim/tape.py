"""A process played back from a recording, until the schedule leaves what was recorded.

A crash loses a process's memory, so what it did before the crash need not be computed again:
the recorded steps drive the world to the same state, and only the recovery runs anew. The
world itself does everything again, so its trace is whole. If the process lives on past the
tape, or is answered otherwise than it was, it is made real: started, and brought by the
recorded replies to where the tape stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from minibroker.sim.effect import Effect, Exit, Process, Reply, Step
from minibroker.sim.world import Recording


class NotDeterministic(Exception):
    """The source took another step for the same replies: it depends on something outside."""


class TapedProcess:
    """See the module's docstring."""

    def __init__(self, tape: Recording, launch: Callable[[], Process]) -> None:
        self._tape = tape
        self._launch = launch
        self._real: Process | None = None
        self._position = 0
        self._now = 0

    def start(self, now: int) -> Step:
        """Give the first recorded step, or the real one at another time than the recorded."""
        self._now = now
        if now != self._tape.started:
            self._real = self._launch()
            return self._real.start(now)
        return self._tape.steps[0]

    def resume(self, reply: Reply) -> Step:
        """Give the next recorded step, or the real one when the tape does not go on like this."""
        if self._real is not None:
            return self._real.resume(reply)
        at, tape = self._position, self._tape
        if at < len(tape.replies) and tape.replies[at] == reply:
            self._position += 1
            return tape.steps[self._position]
        return self._made_real().resume(reply)

    def kill(self) -> None:
        """End the real process, if there is one."""
        if self._real is not None:
            self._real.kill()

    def _made_real(self) -> Process:
        self._real = real = self._launch()
        at, tape = self._position, self._tape
        steps = caught_up(real, self._now, tape.replies[:at])
        if len(steps) != at + 1 or not all(map(_same, steps, tape.steps)):
            raise NotDeterministic
        return real


def caught_up(process: Process, now: int, replies: Sequence[Reply]) -> list[Step]:
    """Start a process and give it replies that are known already; gives the steps it takes for
    them. What it prints meanwhile may be left out. A transport in which each step costs a round
    trip has a `catch_up` of its own."""
    if isinstance(process, CatchesUp):
        return process.catch_up(now, replies)
    steps = [process.start(now)]
    for reply in replies:
        if isinstance(steps[-1], Exit):
            break
        steps.append(process.resume(reply))
    return steps


@runtime_checkable
class CatchesUp(Protocol):
    """A process that takes many replies at once."""

    def catch_up(self, now: int, replies: Sequence[Reply]) -> list[Step]:
        """As `caught_up`, in the place of `start`."""


def _same(one: Step, other: Step) -> bool:
    """Whether two steps are alike, whatever was printed, which is no part of a trace either."""
    if isinstance(one, Effect) and isinstance(other, Effect):  # the innermost loop of a replay
        return (one.client, one.op, one.args) == (other.client, other.op, other.args)
    return replace(one, printed="") == replace(other, printed="")
