"""Schedules a second in both transports, the time from a cell to its verdict, and how both grow
with a scenario."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.figures import rounds, row
from graders.cell import solution
from graders.check import check_cells
from graders.explore import Transport, explore
from graders.sandbox.transport import children
from graders.spec import load
from graders.specs.exactly_once.spec import COUNT, SPEC, with_orders
from graders.verdict import verdicts
from minibroker.sim.inline import Inline

ROOT = Path(__file__).parent.parent
ROUNDS = 7
EXERCISES = {
    "at_least_once_worker": (10, 2),
    "dead_letter_queue": (1, 1),
    "exactly_once": (1, 1),
}
"""How many explorations make one figure, inline and in children: a second or so each."""

SIZES = (1, 2, 4, 8)
GROWTH_ROUNDS = 3


def main() -> None:
    """A table for each exercise: a small one, a large one, and one on Kafka, which then grows."""
    for exercise, repeat in EXERCISES.items():
        source = solution_cell(exercise)
        print(f"exercise {exercise}, median of {ROUNDS} rounds (least to most)")
        for transport, many, aim in zip(("inline", "child"), repeat, ("1,000", "150"), strict=True):
            found = schedules(exercise, source, transport, many)
            print(row(f"schedules a second, {transport}", found, "1/s", aim), flush=True)
        print(row("verdict, warm, first check of new source", warm(exercise, source), "s", "0.3"))
        cold_times = cold(exercise, source)
        print(row("verdict, cold, from the command line", cold_times, "s", "1.5"), flush=True)
    growth(solution_cell("exactly_once"))


def solution_cell(exercise: str) -> str:
    """Wheat 0: the solution notebook's own cell."""
    notebook = json.loads((ROOT / "solutions" / exercise / f"{exercise}.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    return solution(cells, load(exercise).entries)


def schedules(exercise: str, source: str, transport: str, repeat: int) -> list[float]:
    """Whole explorations, as schedules a second: every run that was made counts once."""
    spec = load(exercise)

    def once() -> float:
        made = 0
        start = time.perf_counter()
        for _ in range(repeat):
            found = explore(spec, runner(source, transport))
            made += found.singles + found.pairs + 2
        return made / (time.perf_counter() - start)

    return rounds(once, ROUNDS)


def growth(source: str) -> None:
    """A table for `exactly_once` with so many times as many orders. What may be spent on a verdict
    stays as it is, but for the length of one run, so a larger scenario is tried in part."""
    print(f"exercise exactly_once, larger, median of {GROWTH_ROUNDS} rounds (least to most)")
    for times in SIZES:
        budget = replace(SPEC.budget, effects=SPEC.budget.effects * times)
        spec = replace(SPEC, scenario=with_orders(COUNT * times), budget=budget)
        for transport in ("inline", "child"):
            rates, took, tried = [], [], ""
            for _ in range(GROWTH_ROUNDS):
                start = time.perf_counter()
                found = explore(spec, runner(source, transport))
                verdicts(spec, found, "")
                took.append(time.perf_counter() - start)
                rates.append((found.singles + found.pairs + 2) / took[-1])
                tried = f"{found.fault_free.effects} effects without faults; {found.coverage}"
            size = f"{COUNT * times} orders, {transport}"
            print(row(f"schedules a second, {size}", rates, "1/s"))
            print(row(f"verdict, {size}", took, "s"), flush=True)
        print(f"  {tried}")


def runner(source: str, transport: str) -> Transport:
    """What runs a source: in this process, or in children."""
    return Inline(source) if transport == "inline" else children(source)


def warm(exercise: str, source: str) -> list[float]:
    """From the cells to the verdicts in a process that has checked before, for new source."""
    changed = iter(range(1_000_000))

    def once() -> float:
        new = f"{source}\n# {next(changed)}\n"
        start = time.perf_counter()
        check_cells(exercise, [new])
        return time.perf_counter() - start

    return rounds(once, ROUNDS)


def cold(exercise: str, source: str) -> list[float]:
    """The whole process ``ackademy check``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solution.py"
        path.write_text(source)
        command = [sys.executable, "-m", "ackademy", "check", exercise, "--file", str(path)]

        def once() -> float:
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            return time.perf_counter() - start

        return rounds(once, ROUNDS)
