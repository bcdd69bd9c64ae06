"""All schedules of one source on one broker, tried for real."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from ackademy import brokers
from ackademy.cells import CannotDo
from ackademy.reality import mini
from ackademy.reality.choose import Choice, Schedule
from ackademy.reality.compare import Compared, compared
from ackademy.reality.perform import Plan, perform
from ackademy.reality.sides import Where, kinds, taken_names
from graders.spec import Spec

MINI = "mini-wire"
PROVIDERS = (MINI, "docker", "native", "external")

LANES = 3
"""How many runs go on side by side, each on a bundled broker of its own. They mostly wait."""

Report = Callable[[Compared], None]


@dataclass(frozen=True)
class Place:
    """Where runs take place: `broker` gives one the addresses of its brokers, `lanes` is how many
    may go on at once, `name` is for people."""

    name: str
    lanes: asyncio.Semaphore
    shared: bool
    broker: Callable[[], AbstractAsyncContextManager[Where]]


@contextmanager
def place(provider: str, spec: Spec) -> Iterator[Place]:
    """Where the runs of a spec take place; what was started for them ends with it. Raises
    `CannotDo` with a sentence."""
    needs = kinds(spec)
    if not needs:
        raise CannotDo(f"{spec.name} needs no broker that could be real; leave out --on")
    if provider == MINI:
        lanes = asyncio.Semaphore(LANES)
        yield Place("the bundled broker, over the wire", lanes, False, lambda: mini.bundled(needs))
        return
    with ExitStack() as stack:
        where = _started(provider, needs, stack)
        _expect_nothing(where, spec)

        @asynccontextmanager
        async def here() -> AsyncIterator[Where]:
            yield where

        yield Place(where.said, asyncio.Semaphore(1), True, here)


def _started(provider: str, needs: set[str], stack: ExitStack) -> Where:
    """The brokers that `ackademy.brokers` gives."""
    amqp = kafka = ""
    said = []
    try:
        if "amqp" in needs:
            rabbit = stack.enter_context(brokers.rabbitmq(provider))
            amqp = rabbit.url
            said.append(f"{rabbit.version} ({provider})")
        if "kafka" in needs:
            cluster = stack.enter_context(brokers.kafka(provider))
            kafka = cluster.bootstrap_servers
            said.append(f"{cluster.version} ({provider})")
    except brokers.NoBroker as error:
        raise CannotDo(str(error)) from None
    return Where(amqp, kafka, " and ".join(said))


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
    done: dict[str, Compared] = {}

    async def one(schedule: Schedule) -> None:
        async with where.lanes, where.broker() as addresses:
            plan = Plan(spec, source, schedule.points, schedule.rest)
            try:
                result = compared(spec, schedule, await perform(plan, addresses))
            except Exception as error:  # a broker that is gone or in trouble, say
                why = f"the run could not be finished ({type(error).__name__}: {error})"
                result = Compared(schedule, "not shown", (), why)
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


def _expect_nothing(where: Where, spec: Spec) -> None:
    """Raise `CannotDo` where somebody has queues or topics of these names already: they would be
    deleted."""
    if names := taken_names(where, spec):
        raise CannotDo(
            f"{where.said} has {' and '.join(names)} already, which this would overwrite; delete "
            "them, or use --on mini-wire"
        )
