"""All schedules of one source on one broker, tried for real."""

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ackademy.cells import CannotDo
from ackademy.reality import mini
from ackademy.reality.choose import Choice, Schedule
from ackademy.reality.compare import Compared, compared
from ackademy.reality.perform import Plan, perform
from ackademy.reality.sides import Where, kinds, taken_names
from graders.spec import Spec

PROVIDERS = ("mini-wire", "docker", "native", "external")

LANES = 4
"""How many runs go on side by side, each on a bundled broker of its own. They mostly wait."""

Report = Callable[[Compared], None]


@dataclass(frozen=True)
class Place:
    """Where runs take place: `broker` gives one the addresses of its brokers, `lanes` is how many
    may go on at once, `name` is for people."""

    name: str
    lanes: int
    broker: Callable[[], AbstractAsyncContextManager[Where]]


def place(provider: str, spec: Spec) -> Place:
    """Where the runs of a spec take place. Raises `CannotDo` with a sentence."""
    needs = kinds(spec)
    if not needs:
        raise CannotDo(f"{spec.name} needs no broker that could be real; leave out --on")
    if provider == "mini-wire":
        return Place("the bundled broker, over the wire", LANES, lambda: mini.bundled(needs))
    where = _started(provider, needs)

    @asynccontextmanager
    async def here() -> AsyncIterator[Where]:
        yield where

    return Place(where.said, 1, here)


def _started(provider: str, needs: Iterable[str]) -> Where:
    """The brokers of `ackademy.brokers`; those of the environment where that is not there."""
    try:
        brokers: Any = importlib.import_module("ackademy.brokers")
    except ImportError:
        return _external()
    found: dict[str, str] = {}
    said = []
    try:
        for kind in sorted(needs):
            if kind == "amqp":
                broker = brokers.rabbitmq(provider=provider)
                found[kind] = broker.url
            else:
                broker = brokers.kafka(provider=provider)
                found[kind] = broker.bootstrap_servers
            said.append(f"{broker.version} ({provider})")
    except brokers.NoBroker as error:
        raise CannotDo(str(error)) from None
    return Where(found.get("amqp", ""), found.get("kafka", ""), " and ".join(said))


def _external() -> Where:
    amqp, kafka = os.environ.get("ACKADEMY_AMQP", ""), os.environ.get("ACKADEMY_KAFKA", "")
    if not (amqp or kafka):
        raise CannotDo("there is no such broker here; use --on mini-wire")
    return Where(amqp, kafka, "the broker of ACKADEMY_AMQP or ACKADEMY_KAFKA")


async def tried(
    spec: Spec,
    source: str,
    choice: Choice,
    where: Place,
    report: Report = lambda _: None,
    spread: bool = True,
) -> list[Compared]:
    """Try the schedules of a choice, for each anomaly one after the other until one shows it, and
    with `spread` those that passed."""
    await expect_nothing(where, spec)
    lanes = asyncio.Semaphore(where.lanes)
    done: dict[str, Compared] = {}

    async def one(schedule: Schedule) -> None:
        async with lanes, where.broker() as addresses:
            plan = Plan(spec, source, schedule.points, schedule.rest)
            result = compared(spec, schedule, await perform(plan, addresses))
        done[schedule.name] = result
        report(result)

    async def all_of(schedules: Iterable[Schedule]) -> None:
        new = {each.name: each for each in schedules if each.name not in done}
        async with asyncio.TaskGroup() as group:
            for schedule in new.values():
                group.create_task(one(schedule))

    first = [schedules[0] for schedules in choice.failing.values()]
    await all_of([*first, *(choice.passing if spread else ())])
    for turn in range(1, max(map(len, choice.failing.values()), default=0)):
        missing = missing_of(choice, list(done.values()))
        if not missing:
            break
        again = [choice.failing[name][turn : turn + 1] for name in missing]
        await all_of(schedule for schedules in again for schedule in schedules)
    return list(done.values())


def missing_of(choice: Choice, done: Sequence[Compared]) -> list[str]:
    """The anomalies that the simulator found and no real run has shown."""
    shown = {each.anomaly for result in done for each in result.found}
    return [anomaly for anomaly in choice.failing if anomaly not in shown]


async def expect_nothing(where: Place, spec: Spec) -> None:
    """Raise `CannotDo` where somebody has queues or topics of these names already: they would be
    deleted."""
    if where.lanes > 1:
        return
    async with where.broker() as addresses:
        names = await asyncio.to_thread(taken_names, addresses, spec)
    if names:
        raise CannotDo(
            f"{where.name} has {' and '.join(names)} already, which this would overwrite; delete "
            "them, or use --on mini-wire"
        )
