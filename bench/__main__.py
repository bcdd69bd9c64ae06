"""Print schedules a second in both transports, and the time from a cell to its verdict.

The aims stand beside the figures. Each is the median of several rounds; a machine's noise is
the spread that is printed with it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXERCISE = "at_least_once_worker"
ROUNDS = 7


def main() -> None:
    """Run all benchmarks."""
    if sys.flags.hash_randomization:
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])
    source = solution_cell()
    print(f"exercise {EXERCISE}, median of {ROUNDS} rounds (least to most)")
    print(row("schedules a second, inline", schedules(source, "inline"), "1/s", "1,000"))
    print(row("schedules a second, child", schedules(source, "child"), "1/s", "150"))
    print(row("verdict, warm, first check of new source", warm(source), "s", "0.3"))
    print(row("verdict, cold, from the command line", cold(source), "s", "1.5"))


def row(name: str, figures: list[float], unit: str, aim: str) -> str:
    """One line of the table."""
    middle, least, most = statistics.median(figures), min(figures), max(figures)
    digits = 0 if middle > 100 else 3
    return (
        f"{name:42} {middle:10,.{digits}f} {unit:3} "
        f"({least:,.{digits}f} to {most:,.{digits}f}; aim {aim})"
    )


def solution_cell() -> str:
    """Wheat 0: the solution notebook's own cell."""
    from graders.cell import solution
    from graders.spec import load

    notebook = json.loads((ROOT / "solutions" / EXERCISE / f"{EXERCISE}.ipynb").read_text())
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    return solution(cells, load(EXERCISE).entries)


def rounds(work: Callable[[], float]) -> list[float]:
    """The figure that `work` gives, `ROUNDS` times after one that does not count."""
    work()
    return [work() for _ in range(ROUNDS)]


def schedules(source: str, transport: str) -> list[float]:
    """Whole explorations, as schedules a second: every run that was made counts once."""
    from graders.explore import Transport, explore
    from graders.sandbox.transport import children
    from graders.spec import load
    from minibroker.sim.inline import Inline

    spec = load(EXERCISE)
    repeat = 10 if transport == "inline" else 2

    def once() -> float:
        made = 0
        start = time.perf_counter()
        for _ in range(repeat):
            runner: Transport = Inline(source) if transport == "inline" else children(source)
            found = explore(spec, runner)
            made += found.singles + found.pairs + 2
        return made / (time.perf_counter() - start)

    return rounds(once)


def warm(source: str) -> list[float]:
    """From the cells to the verdicts in a process that has checked before, for new source."""
    from graders.check import check_cells

    changed = iter(range(1_000_000))

    def once() -> float:
        new = f"{source}\n# {next(changed)}\n"
        start = time.perf_counter()
        check_cells(EXERCISE, [new])
        return time.perf_counter() - start

    return rounds(once)


def cold(source: str) -> list[float]:
    """The whole process ``ackademy check``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solution.py"
        path.write_text(source)
        command = [sys.executable, "-m", "ackademy", "check", EXERCISE, "--file", str(path)]

        def once() -> float:
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            return time.perf_counter() - start

        return rounds(once)


if __name__ == "__main__":
    main()
