"""One schedule of a notebook's cell, first in the simulator and then for real: `ackademy.for_real`.

What is printed says what happened and whether the simulator had said so. Who was first, and
when, is not in it: no two real runs have that alike. `Reality.sentences` has it.
"""

import asyncio
import os
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ackademy.brokers.given import Broker
from ackademy.cells import CannotDo
from ackademy.reality.choose import Schedule, rest_of
from ackademy.reality.compare import Compared, compared
from ackademy.reality.perform import Plan, Shown, perform
from ackademy.reality.points import NoPoint, Point, point_of
from ackademy.reality.session import MINI, Place, place
from ackademy.reality.sides import kinds
from graders.spec import Spec
from graders.stage import Run

BROKERS = {"amqp": "rabbitmq", "kafka": "kafka"}

NAME = re.compile(r"[\w./-]+")
"""Of an order, a topic or a queue; other messages are quoted."""

DONE = {
    "crash": "the process is killed",
    "pause": "the process stands still for a minute",
    "definite": "the call fails, and nothing was done",
    "indefinite": "the call fails, though it was done",
}


@dataclass(frozen=True)
class Reality:
    """One schedule that was run for real: where, what was done, and what it showed."""

    where: str
    points: tuple[Point, ...]
    compared: Compared
    shown: Shown

    @property
    def sentences(self) -> list[str]:
        """What was found, in full."""
        return [each.sentence for each in self.compared.found]

    def _ipython_display_(self) -> None:
        print(self)

    def __repr__(self) -> str:
        return "\n".join([f"On {self.where}: {self._done()}.", *self._lines()])

    def _done(self) -> str:
        if not self.points:
            return "nothing fails"
        return ", ".join(f"{DONE[each.kind]} {_moment(each)}" for each in self.points)

    def _lines(self) -> list[str]:
        said = self.compared
        if said.outcome == "not shown":
            return [f"It could not be shown: {said.sentence}."]
        here = list(dict.fromkeys(each.anomaly for each in said.found))
        there = [name for name in said.schedule.found if name in said.looked_for]
        if set(here) == set(there):
            if not here:
                return ["✓ every promise was kept, as in the simulator"]
            return [f"✗ {_words(name)}, as in the simulator" for name in here]
        return [
            f"The simulator found {_list(there)}, and here it was {_list(here)}. Where two race, "
            "that may be chance: run it again."
        ]


def _moment(point: Point) -> str:
    what = point.op.about
    about = f" of {what if NAME.fullmatch(what) else repr(what)}" if what else ""
    which = "" if point.nth == 1 else f" number {point.nth}"
    return f"{point.when} {point.op.name}{which}{about}"


def _words(anomaly: str) -> str:
    return anomaly.replace("_", " ")


def _list(names: Sequence[str]) -> str:
    return " and ".join(map(_words, names)) or "nothing"


def real(spec: Spec, source: str, free: Run, run: Run, found: Sequence[str], on: str) -> Reality:
    """A schedule that the simulator has `run`, for real. `free` is the run without faults, `found`
    the anomalies of `run`, `on` a provider or ``auto``. Raises `CannotDo` with a sentence."""
    try:
        points = tuple(point_of(free.trace, fault) for fault in run.plan)
    except NoPoint as no:
        raise CannotDo(f"this cannot be done to a real process: {no}") from None
    provider = _provider(spec, on, os.environ)
    _keep(spec, provider)
    schedule = Schedule(run.plan, points, tuple(found), rest_of(run.trace))
    with place(provider, spec) as here:
        shown = _in_a_thread(spec, source, schedule, here)
    return Reality(here.name, points, compared(spec, schedule, shown), shown)


_kept: dict[tuple[str, str], Broker] = {}


def _keep(spec: Spec, provider: str) -> None:
    """What takes long to start stays for the next call, until this process ends."""
    from ackademy import brokers

    if provider in ("docker", "native"):
        for kind in sorted(BROKERS[each] for each in kinds(spec)):
            if (kind, provider) not in _kept:
                _kept[kind, provider] = brokers.broker(kind, provider)


def _provider(spec: Spec, on: str, environment: Mapping[str, str]) -> str:
    """Where the brokers come from: as `ackademy.brokers` chooses, but a bundled one is a new one
    for each run."""
    from ackademy.brokers import standing
    from ackademy.brokers.choosing import EXTERNAL, provider_of

    chosen = provider_of(None if on == "auto" else on, environment)
    if chosen != "auto":
        return MINI if chosen == "mini" else chosen
    for kind in sorted(BROKERS[each] for each in kinds(spec)):
        if environment.get(EXTERNAL[kind]):
            return "external"
        if (up := standing.address(kind)) is not None and up.provider != "mini":
            return up.provider
    return MINI


def _in_a_thread(spec: Spec, source: str, schedule: Schedule, here: Place) -> Shown:
    """A notebook's own loop runs already. Ctrl+C ends the run, and leaves nothing of it."""
    box: list[Shown | BaseException] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Shown]]] = []
    # Not join: interrupted once, it takes the thread for ended (CPython 3.11).
    begun, over = threading.Event(), threading.Event()

    async def one() -> Shown:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        begun.set()
        async with here.broker() as addresses:
            plan = Plan(spec, source, schedule.points, schedule.rest)
            return await perform(plan, addresses)

    def work() -> None:
        try:
            box.append(asyncio.run(one()))
        except BaseException as error:
            box.append(error)
        finally:
            begun.set()
            over.set()

    try:
        threading.Thread(target=work, name="for-real").start()
        over.wait()
    except KeyboardInterrupt:
        begun.wait()
        for loop, task in running:
            with suppress(RuntimeError):  # it is over by itself
                loop.call_soon_threadsafe(task.cancel)
        over.wait()
        raise
    [result] = box
    if isinstance(result, Exception) and not isinstance(result, CannotDo):
        why = f"{type(result).__name__}: {result}"  # a broker that is gone or in trouble, say
        raise CannotDo(f"the run could not be finished ({why}); run the cell again") from result
    if isinstance(result, BaseException):
        raise result
    return result
