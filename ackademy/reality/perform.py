"""One schedule for real: processes, a proxy, ledgers, a broker, and the trace that they leave.

Theory of operation. The members of the spec's cast are started as in the simulator. Where the
scenario would wait for them, its clock leaps instead: it opens when all are ready, which their
first request for messages says. From then on its time is real, delays of a broker or a learner
included. A process that is killed or raises is started again a second later. The run is over when
nothing is left to do (every message is settled or a dead letter), or when the time in which the
simulator had come to rest is over, with some to spare, and nothing moves; or when it has taken more
requests than the spec allows a run, as one that goes round and round does. Then all processes are
ended, and a reader takes out of the broker what is left there.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ackademy.reality.clock import RealClock
from ackademy.reality.gate import Cuttable
from ackademy.reality.points import Counting, Op, Point, entry_of
from ackademy.reality.process import Incarnation
from ackademy.reality.services import Services
from ackademy.reality.sides import Side, Where, opened, staged
from graders.explore import members
from graders.spec import Role, Spec
from minibroker.sim.clock import SECOND, seconds
from minibroker.sim.effect import Caller
from minibroker.sim.trace import (
    Crashed,
    Ended,
    Exited,
    Faulted,
    GaveUp,
    Interrupted,
    Started,
    Trace,
)

RESTART_DELAY = 1.0
READY = 60.0
"""Seconds in which the members are ready; a scenario begins then all the same."""
QUIET = 2.0
"""Seconds in which nothing moves before a run is over that has nothing left to do."""
SLACK = 15.0
"""Seconds that a real run may take longer than a simulated one, and more while things move."""
GIVEN_UP = 60.0
"""Seconds after which a broker has given up a process that is gone (a Kafka session lasts 45 s)."""
MOST = 120.0
"""Seconds after which a run is over that moves all the same."""
PAUSE = 60.0
"""Seconds for which a process stands still: longer than a Kafka session lasts (45 s)."""
LOOK = 0.05


@dataclass(frozen=True)
class Plan:
    """What is to be run: `points` are where faults are done, `rest` is when (virtual time in
    microseconds) the simulator had come to rest."""

    spec: Spec
    source: str
    points: tuple[Point, ...] = ()
    rest: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Shown:
    """What a run left. `missed` are the points that never came."""

    trace: Trace
    missed: tuple[Point, ...]


State = Literal["starting", "running", "crashed", "down", "over"]


@dataclass
class _Member:
    name: str
    role: Role
    caller: Caller = field(default_factory=lambda: Caller("", 0))
    incarnation: Incarnation | None = None
    troubled: bool = False
    ready: bool = False
    state: State = "starting"

    @property
    def label(self) -> str:
        return self.caller.label


async def perform(plan: Plan, where: Where) -> Shown:
    """Run one schedule to its end. Nothing of it is left then."""
    run = _Run(plan)
    try:
        return await run.live(where)
    finally:
        await run.end()


class _Run:
    """One run; it is the `Gate` of all its connections."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.trace, self.clock = Trace(), RealClock()
        self.services = Services(self.clock, self.trace)
        self._counting = Counting(list(plan.points))
        self._members = {name: _Member(name, role) for name, role in members(plan.spec).items()}
        self._steps: list[tuple[int, Callable[[], None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._sides: list[Side] = []
        self._passages: dict[str, asyncio.Event] = {}
        self._dead: set[str] = set()
        self._struck = 0
        self._effects = 0
        self._moved = 0
        self._striking = 0
        self._stopping = False

    async def live(self, where: Where) -> Shown:
        spec = self._plan.spec
        sides = opened(where, spec, self)
        self._sides = list(sides.values())
        staged(spec, self._plan.seed, self, sides)
        self._steps.sort(key=lambda step: step[0])
        await self._gather()
        await self._scenario()
        why = await self._rest()
        await self._stop()
        for side in self._sides:
            await asyncio.to_thread(side.read)
        self.trace.append(Ended(at=self.clock.tick(), why=why, effects=self._effects))
        return Shown(self.trace, tuple(self._counting.points))

    async def end(self) -> None:
        """Leave nothing, whatever happened."""
        self._stopping = True
        for member in self._members.values():
            if member.incarnation is not None:
                await member.incarnation.kill()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for side in self._sides:
            await side.close()

    def at(self, when: int, action: Callable[[], None]) -> None:
        """A scenario's step, as `minibroker.sim.world.World.at` takes it."""
        self._steps.append((when, action))

    # --- the gate --------------------------------------------------------------------------

    def comes(self, who: str, op: Op) -> Point | None:
        """Count a request."""
        self._effects += 1
        self.moved()
        return self._counting.comes(entry_of(who), op)

    def moved(self) -> None:
        """Something has happened."""
        self._moved = self.clock.tick()

    def ready(self, who: str) -> None:
        """A process asks for messages."""
        self._members[who.partition("#")[0]].ready = True

    def arrest(self, who: str) -> None:
        """Nothing of a process passes from now on."""
        self._passages[who] = asyncio.Event()

    async def passage(self, who: str) -> bool:
        """Wait until something of it may pass; False when it is dead."""
        if (event := self._passages.get(who)) is not None:
            await event.wait()
        return who not in self._dead

    async def strike(self, who: str, point: Point, link: Cuttable | None) -> None:
        """Do a fault to a process, which is arrested."""
        member = self._members[who.partition("#")[0]]
        incarnation = member.incarnation
        assert incarnation is not None
        self._striking += 1
        now, number = self.clock.tick(), self._effects
        try:
            if point.kind == "crash":
                self.trace.append(Crashed(at=now, who=who, number=number))
                member.state = "crashed"
                self._dead.add(who)
                await incarnation.kill()
            else:
                self.trace.append(Faulted(at=now, who=who, number=number, kind=point.kind))
                member.troubled = True
            if point.kind == "pause":
                await self._pause(incarnation)
            elif link is not None:
                link.cut()
        finally:
            self._passages.pop(who).set()
            self._striking -= 1
            self.moved()
            self._struck = self._moved

    async def _pause(self, incarnation: Incarnation) -> None:
        incarnation.stop()
        try:
            await asyncio.sleep(PAUSE)
        finally:
            incarnation.go_on()

    # --- its parts -------------------------------------------------------------------------

    async def _gather(self) -> None:
        """Start all members, group by group, each when the one before is ready."""
        waves = sorted({member.role.starts for member in self._members.values()})
        deadline = self.clock.tick() + seconds(READY)
        for starts in waves:
            self.clock.leap(seconds(starts))
            wave = [each for each in self._members.values() if each.role.starts == starts]
            for member in wave:
                self._tasks.append(asyncio.create_task(self._supervise(member)))
            while not all(member.ready or member.state == "over" for member in wave):
                if self.clock.tick() > deadline:
                    break
                await asyncio.sleep(LOOK)
                self._check()

    def _check(self) -> None:
        """Raise what a task has raised: it is an error of ours."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    async def _supervise(self, member: _Member) -> None:
        """Start it, and again a second after it crashed or raised."""
        raised = number = 0
        while not self._stopping:
            number += 1
            member.caller, member.troubled = Caller(member.name, number), False
            ended = await self._incarnation(member)
            if self._stopping:
                return
            if ended is not None:
                self._exited(member, ended)
                raised += ended["how"] != "returned" and not member.troubled
                if ended["how"] == "returned":
                    member.state = "over"
                    return
                if raised > member.role.restarts:
                    now = self.clock.tick()
                    self.trace.append(GaveUp(at=now, who=member.label, restarts=number - 1))
                    member.state = "over"
                    return
            await asyncio.sleep(RESTART_DELAY)

    async def _incarnation(self, member: _Member) -> dict[str, Any] | None:
        """Live one; gives how it ended, None if it was killed."""
        self.trace.append(Started(at=self.clock.tick(), who=member.label))
        job: dict[str, Any] = {
            "source": self._plan.source,
            "entry": member.role.entry,
            "clients": dict(member.role.clients),
            "process": member.name,
        }
        for side in self._sides:
            job |= await side.address(member.label)
        incarnation = member.incarnation = await Incarnation.start(job)
        member.state = "running"
        try:
            ended = await self.services.serve(
                member.caller, incarnation.reader, incarnation.writer, self
            )
            await incarnation.ended()
        finally:
            incarnation.close()
            for side in self._sides:
                await side.gone(member.label)
        crashed = member.label in self._dead
        member.state = "down"
        return None if crashed else ended or {"how": "vanished"}

    def _exited(self, member: _Member, ended: dict[str, Any]) -> None:
        self.trace.append(
            Exited(
                at=self.clock.tick(),
                who=member.label,
                how=ended["how"],
                error=ended.get("error", ""),
                message=ended.get("message", ""),
                line=ended.get("line", 0),
            )
        )

    async def _scenario(self) -> None:
        if self._steps:
            self.clock.leap(self._steps[0][0])
        for when, action in self._steps:
            while (left := self.clock.until(when)) > 0:
                await asyncio.sleep(min(left, LOOK))
                self._check()
                if self._spent():
                    return
            action()
            self.moved()

    async def _rest(self) -> str:
        last = self._steps[-1][0] if self._steps else 0
        while True:
            end = max(self._plan.rest, last, self._struck + seconds(GIVEN_UP)) + seconds(SLACK)
            await asyncio.sleep(LOOK)
            self._check()
            if self._spent():
                return "effects"
            if self._striking or any(m.state not in ("running", "over") for m in self._all):
                continue
            now = self.clock.tick()
            still = now - self._moved
            if still > QUIET * SECOND and all(side.at_rest() for side in self._sides):
                return "quiet"
            if now > end and still > SLACK * SECOND:
                return "quiet"
            if now > end + MOST * SECOND:
                return "effects"

    def _spent(self) -> bool:
        """Whether it has taken more requests than a run may."""
        return self._effects >= self._plan.spec.budget.effects

    @property
    def _all(self) -> list[_Member]:
        return list(self._members.values())

    async def _stop(self) -> None:
        self._stopping = True
        for member in self._members.values():
            if member.incarnation is not None and member.incarnation.alive:
                now = self.clock.tick()
                self.trace.append(Interrupted(at=now, who=member.label, number=self._effects))
                self.trace.append(Exited(at=now, who=member.label, how="interrupted"))
                await member.incarnation.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._tasks, return_exceptions=True), READY)
        self._check()
