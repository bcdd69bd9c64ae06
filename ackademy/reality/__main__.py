"""``python -m ackademy.reality``: which wheats pass and which chaffs fail on real brokers, too.

Ends with 0 when every wheat keeps its promises and every chaff breaks one for real, or says in its
header why that cannot be shown; else with 1.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ackademy.cells import CannotDo, course_root
from ackademy.dev.layout import Layout
from ackademy.dev.trials import Solution, solutions
from ackademy.reality.choose import Choice
from ackademy.reality.commands import EXERCISES, considered
from ackademy.reality.session import MINI, PROVIDERS, Place, missing_of, place, tried
from ackademy.reality.words import line
from graders.content import chaffs
from graders.spec import Spec, load

FAITHFUL = ("docker", "native")
"""Where a real broker may come from, in this order."""

OLD = ("RabbitMQ 2.", "RabbitMQ 3.", "Apache Kafka 2.", "Apache Kafka 3.")
"""What is not what the course is about."""

PASSING = 2
"""How many schedules a wheat goes through."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is asked for, and print what came of it."""
    given = _parser().parse_args(arguments)
    try:
        with ExitStack() as stack:
            places = {
                name: stack.enter_context(_place(given.on, load(name))) for name in given.exercise
            }
            return asyncio.run(_all(places, given.only))
    except CannotDo as error:
        print(f"reality: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ackademy.reality",
        description="Try wheats and chaffs on real brokers, killing them for real.",
    )
    parser.add_argument("exercise", nargs="*", default=list(EXERCISES), help=" or ".join(EXERCISES))
    parser.add_argument(
        "--on",
        choices=("auto", *PROVIDERS),
        default="auto",
        help="where the brokers come from; auto: Docker, else this machine, else the bundled one",
    )
    parser.add_argument("--only", nargs="*", default=[], help="these wheats and chaffs")
    return parser


@contextmanager
def _place(provider: str, spec: Spec) -> Iterator[Place]:
    """Where the runs of a spec take place."""
    if provider != "auto":
        with place(provider, spec) as found:
            yield found
        return
    for each in FAITHFUL:
        with ExitStack() as stack:
            try:
                found = stack.enter_context(place(each, spec))
            except CannotDo as error:
                print(f"{spec.name}: not on {each}: {error}", flush=True)
                continue
            if found.name.startswith(OLD):
                print(f"{spec.name}: not on {each}: {found.name} is too old", flush=True)
                continue
            yield found
            return
    with place(MINI, spec) as found:
        yield found


async def _all(places: dict[str, Place], only: Sequence[str]) -> int:
    """All exercises, side by side."""
    layout = Layout(course_root())
    results = await asyncio.gather(
        *(_exercise(layout, name, where, only) for name, where in places.items())
    )
    bad = [each for result in results for each in result]
    for each in bad:
        print(f"wrong: {each}")
    print("reality agrees with the simulator" if not bad else f"{len(bad)} to look at")
    return 1 if bad else 0


async def _exercise(layout: Layout, name: str, where: Place, only: Sequence[str]) -> list[str]:
    """One exercise; gives what is wrong."""
    print(f"{name}, on {where.name}", flush=True)
    reasons = {each.name: each.reality for each in chaffs(name)}
    chosen = [each for each in solutions(layout, name) if not only or each.name in only]
    if not where.shared:
        results = await asyncio.gather(*(_one(each, where, reasons) for each in chosen))
    else:
        results = [await _one(each, where, reasons) for each in chosen]
    return [wrong for wrong in results if wrong]


async def _one(solution: Solution, where: Place, reasons: dict[str, str]) -> str:
    """One wheat or chaff; gives what is wrong with it, empty for nothing."""
    spec = load(solution.exercise)
    async with _THINKING:
        choice = await asyncio.to_thread(considered, spec, solution.source)
    is_wheat = solution.kind == "wheat"
    if is_wheat:
        choice = Choice(choice.failing, choice.passing[:PASSING], choice.unplaced)
    done = await tried(spec, solution.source, choice, where, spread=is_wheat)
    shown = sorted(set(choice.failing).difference(missing_of(choice, done)))
    title = f"{solution.exercise} {solution.kind} {solution.name}"
    details = "".join(f"\n    {line(each)}" for each in done)
    details += "".join(f"\n    not placed: {a}: {why}" for a, why in choice.unplaced.items())
    if is_wheat:
        broken = [each for each in done if each.outcome != "agrees" or each.found]
        said = "a promise was broken" if broken else "passes"
        print(f"{title}: {said}{details}", flush=True)
        return f"{title} breaks a promise" if broken else ""
    reason = reasons[solution.name]
    rest = [*missing_of(choice, done), *choice.unplaced]
    said = f"fails by {' and '.join(shown)}" if shown else f"not shown: {reason or 'no reason'}"
    if shown and rest:
        said += f" ({' and '.join(sorted(rest))} not seen)"
    print(f"{title}: {said}{details}", flush=True)
    if shown and reason:
        return f"{title} fails for real, so its header need not say why it cannot"
    if not shown and not reason:
        return f"{title} does not fail for real; if that cannot be, say why after reality:"
    return ""


_THINKING = asyncio.Semaphore(1)
"""The simulator takes a whole processor, and runs that are under way need one."""


if __name__ == "__main__":
    sys.exit(main())
