"""The inline transport: a process as a greenlet of this very thread.

Instant, and `print` and the debugger work, because the learner's frames are real frames of
this interpreter. It cannot stop what ticks do not reach, so new source runs in a child first.
"""

from types import CodeType

from greenlet import getcurrent, greenlet

from minibroker.sim.effect import Effect, Exit, Reply, Step
from minibroker.sim.incarnation import CELL, Job, Killed, live
from minibroker.sim.ticks import instrumented


class InlineProcess:
    """A `Process` whose code runs here. See `minibroker.sim.effect` for the contract."""

    __slots__ = ("_code", "_dead", "_greenlet", "_job", "_world")

    def __init__(self, code: CodeType, job: Job) -> None:
        self._code = code
        self._job = job
        self._world: greenlet | None = None
        self._dead = False
        self._greenlet = greenlet(self._live)

    def start(self, now: int) -> Step:
        """Run to the first effect or the end."""
        self._world = getcurrent()
        return self._switch(now)

    def resume(self, reply: Reply) -> Step:
        """Answer the effect and run to the next one or the end."""
        self._world = getcurrent()
        return self._switch(reply)

    def kill(self) -> None:
        """Raise `Killed` in the process until it is gone; nothing it does reaches the world."""
        self._dead = True
        if self._greenlet and not self._greenlet.dead:
            self._greenlet.throw(Killed())

    def _switch(self, value: object) -> Step:
        step: Step = self._greenlet.switch(value)
        return step

    def _live(self, now: int) -> Exit | None:
        try:
            return live(self._code, self._job, self._call, now)
        except Killed:
            return None

    def _call(self, effect: Effect) -> Reply:
        if self._dead:
            raise Killed
        assert self._world is not None
        reply: Reply = self._world.switch(effect)
        return reply


class Inline:
    """Makes inline processes of one source. Raises `DoesNotParse` for what is no Python."""

    def __init__(self, source: str) -> None:
        self._code = instrumented(source, CELL)

    def process(self, job: Job) -> InlineProcess:
        """A process for one incarnation."""
        return InlineProcess(self._code, job)
