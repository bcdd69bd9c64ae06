"""Wheats and chaffs tried: each in both transports, for some seeds, in several processes.

A *trial* is one exploration of one source. What it showed is compared with what the solution is
there for: a wheat passes every check, a chaff shows the anomalies that its header names and no
other. The same source and seed give the same trial in both transports, byte for byte.
"""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context

from ackademy.cells import CannotDo, cells_of
from ackademy.dev.layout import Layout
from graders.cell import NoSolution, solution
from graders.content import chaffs, looked_for, wheats
from graders.explore import Transport, explore
from graders.spec import load, whole_of
from graders.token import fingerprint
from graders.verdict import no_verdict, verdicts
from minibroker.sim.effect import Process, Reply, Step
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.ticks import DoesNotParse

WHEAT_0 = "0 (the solution notebook's cell)"


@dataclass(frozen=True)
class Solution:
    """A wheat (no anomalies) or a chaff, with its source and the checks that must fail."""

    exercise: str
    kind: str
    name: str
    source: str
    anomalies: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Trial:
    """One exploration: each check's outcome with its sentence, the anomalies found in the runs
    that the checks are about, and a digest of all that was asked and answered on the way, of every
    run."""

    seed: int
    graded: bool
    outcomes: tuple[tuple[str, str, str], ...]
    found: tuple[str, ...]
    digest: str

    @property
    def where(self) -> str:
        """Its transport and seed, for a sentence."""
        return f"{'graded' if self.graded else 'inline'} with seed {self.seed}"


Task = tuple[Solution, int, bool]


def solutions(layout: Layout, exercise: str) -> list[Solution]:
    """All wheats, wheat 0 first, and all chaffs of an exercise.

    Raises `CannotDo` for a solution notebook without a solution, and for a chaff that does not
    parse or names no anomaly.
    """
    found = [Solution(exercise, "wheat", each.name, each.source) for each in wheats(exercise)]
    path = layout.solution(whole_of(exercise) or exercise)
    spec = load(exercise)
    try:
        if path.is_file():
            source = solution(cells_of(path), spec.entries)
            found.insert(0, Solution(exercise, "wheat", WHEAT_0, source))
        wrong = chaffs(exercise)
    except (NoSolution, DoesNotParse) as error:
        raise CannotDo(f"{layout.shown(path)} has no solution to try: {error}") from None
    except SyntaxError:
        raise CannotDo("; ".join(_unparsed(layout, exercise))) from None
    except ValueError as error:
        raise CannotDo(str(error)) from None
    return found + [
        Solution(
            exercise,
            "chaff",
            each.name,
            each.source,
            each.anomalies,
            tuple(sorted(each.failed_checks(spec))),
        )
        for each in wrong
    ]


def _unparsed(layout: Layout, exercise: str) -> list[str]:
    wrong = []
    for path in sorted((layout.specs / exercise / "chaffs").glob("*.py")):
        try:
            ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            wrong.append(f"{layout.shown(path)}, line {error.lineno}: {error.msg}; mend it")
    return wrong


def tasks(found: Iterable[Solution], seeds: Iterable[int], graded: int | None = None) -> list[Task]:
    """Every solution with every seed inline and, for the first `graded` seeds, graded as well
    (None: for all)."""
    every = list(seeds)
    also = set(every[:graded])
    return [
        (each, seed, where)
        for each in found
        for seed in every
        for where in ((False, True) if seed in also else (False,))
    ]


def trial(task: Task) -> Trial:
    """Explore one source once."""
    from graders.sandbox.transport import children

    each, seed, graded = task
    spec = load(each.exercise)
    digest = hashlib.sha256()
    try:
        child = _Overheard(children(each.source), digest.update)
        later = child if graded else _Overheard(Inline(each.source), digest.update)
    except DoesNotParse as error:
        given = no_verdict(spec, f"it cannot be run: {error}")
        return Trial(seed, graded, tuple((v.check, v.outcome, v.sentence) for v in given), (), "")
    exploration = explore(spec, later, seed, child)
    for run in (exploration.fault_free, *(broken.run for broken in exploration.broken)):
        digest.update(run.trace.text().encode())
    given = verdicts(spec, exploration, fingerprint(each.source))
    found = looked_for(exploration)
    return Trial(
        seed,
        graded,
        tuple((v.check, v.outcome, v.sentence) for v in given),
        tuple(sorted(found)),
        digest.hexdigest(),
    )


@contextmanager
def workers(processes: int) -> Iterator[Callable[[Sequence[Task]], Iterator[Trial]]]:
    """Gives a function that tries tasks, in their order, in so many processes.

    With one, they are tried in this one. Others are spawned, not forked: each keeps a zygote and
    its threads of its own.
    """
    if processes == 1:
        yield lambda some: map(trial, some)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield lambda some: pool.map(trial, some, chunksize=4)
        except BaseException:  # Ctrl+C too: what waits is not wanted any more
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Overheard:
    """A transport of which every step and every reply is told to `hear`."""

    def __init__(self, transport: Transport, hear: Callable[[bytes], object]) -> None:
        self._transport = transport
        self._hear = hear

    def process(self, job: Job) -> Process:
        """A process for one incarnation."""
        return _OverheardProcess(self._transport.process(job), self._hear)


class _OverheardProcess:
    """See `minibroker.sim.effect.Process` for the contract."""

    def __init__(self, process: Process, hear: Callable[[bytes], object]) -> None:
        self._process = process
        self._hear = hear

    def start(self, now: int) -> Step:
        """Run to the first effect or the end."""
        self._hear(str(now).encode())
        return self._heard(self._process.start(now))

    def resume(self, reply: Reply) -> Step:
        """Answer the effect and run to the next one or the end."""
        self._hear(repr(reply).encode())
        return self._heard(self._process.resume(reply))

    def kill(self) -> None:
        """Lose the process."""
        self._process.kill()

    def _heard(self, step: Step) -> Step:
        self._hear(repr(replace(step, printed="")).encode())
        return step
