"""``ackademy check NAME --on mini-wire|docker|native``."""

import asyncio
from pathlib import Path

from ackademy.cells import CannotDo, cells_of
from ackademy.reality.choose import Choice, choose
from ackademy.reality.session import place, tried
from ackademy.reality.words import line, summary
from graders.cell import NoSolution, solution
from graders.check import inline_is_steady
from graders.explore import Transport, explore, is_hopeless, launcher, run
from graders.spec import Spec, load

EXERCISES = ("dead_letter_queue", "exactly_once")
"""Those whose schedules can be placed on the wire."""


def check_on(name: str, path: Path, provider: str) -> int:
    """Try a learner's solution on a broker; 0 when reality agreed with the simulator and no
    promise was broken, else 1."""
    if name not in EXERCISES:
        raise CannotDo(
            f"{name} cannot be crashed for real; {' and '.join(EXERCISES)} can, and any exercise "
            "without --on"
        )
    spec = load(name)
    try:
        source = solution(cells_of(path), spec.entries)
    except NoSolution as error:
        raise CannotDo(f"{path}: {error}") from None
    choice = considered(spec, source)
    with place(provider, spec) as where:
        print(f"on {where.name}, in real time: this takes some minutes", flush=True)
        done = asyncio.run(
            tried(spec, source, choice, where, lambda each: print(line(each), flush=True))
        )
        print(summary(choice, done, where.name))
    return 0 if all(each.outcome == "agrees" and not each.found for each in done) else 1


def considered(spec: Spec, source: str) -> Choice:
    """What the simulator says about a source, and which of it is worth trying for real. Raises
    `CannotDo` for code that does not run there."""
    from graders.sandbox.transport import children
    from minibroker.sim.inline import Inline

    first: Transport = children(source)
    transport: Transport = Inline(source) if inline_is_steady() else first
    exploration = explore(spec, transport, 0, first)
    if is_hopeless(exploration.fault_free.trace) or not exploration.deterministic:
        raise CannotDo(
            "this code does not run in the simulator yet; see what ackademy check says without --on"
        )
    launch = launcher(spec, transport, 0)
    return choose(exploration, lambda plan: run(spec, launch, plan, 0))
