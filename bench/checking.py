"""Schedules a second in both transports, and the time from a cell to its verdict."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import rounds, row

ROOT = Path(__file__).parent.parent
ROUNDS = 7
EXERCISES = {"at_least_once_worker": (10, 2), "dead_letter_queue": (1, 1)}
"""How many explorations make one figure, inline and in children: a second or so each."""


def main() -> None:
    """A table for each exercise: a small one, and the largest."""
    for exercise, repeat in EXERCISES.items():
        source = solution_cell(exercise)
        print(f"exercise {exercise}, median of {ROUNDS} rounds (least to most)")
        for transport, many, aim in zip(("inline", "child"), repeat, ("1,000", "150"), strict=True):
            found = schedules(exercise, source, transport, many)
            print(row(f"schedules a second, {transport}", found, "1/s", aim), flush=True)
        print(row("verdict, warm, first check of new source", warm(exercise, source), "s", "0.3"))
        cold_times = cold(exercise, source)
        print(row("verdict, cold, from the command line", cold_times, "s", "1.5"), flush=True)


def solution_cell(exercise: str) -> str:
    """Wheat 0: the solution notebook's own cell."""
    from graders.cell import solution
    from graders.spec import load

    notebook = json.loads((ROOT / "solutions" / exercise / f"{exercise}.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    return solution(cells, load(exercise).entries)


def schedules(exercise: str, source: str, transport: str, repeat: int) -> list[float]:
    """Whole explorations, as schedules a second: every run that was made counts once."""
    from graders.explore import Transport, explore
    from graders.sandbox.transport import children
    from graders.spec import load
    from minibroker.sim.inline import Inline

    spec = load(exercise)

    def once() -> float:
        made = 0
        start = time.perf_counter()
        for _ in range(repeat):
            runner: Transport = Inline(source) if transport == "inline" else children(source)
            found = explore(spec, runner)
            made += found.singles + found.pairs + 2
        return made / (time.perf_counter() - start)

    return rounds(once, ROUNDS)


def warm(exercise: str, source: str) -> list[float]:
    """From the cells to the verdicts in a process that has checked before, for new source."""
    from graders.check import check_cells

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
