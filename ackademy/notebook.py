"""The helpers that notebooks call. All of them find the learner's cell by what it defines.

- ``check(exercise, check_id)``: a grade cell. Gives the points, or raises `CheckFailed`.
- ``judge(name)``: all checks of an exercise or a lesson's experiment; never raises for what
  the learner's code does.
- ``simulate(name, crash=N)``: one schedule, and its timeline.
- ``for_real(name, crash=N)``: the same with the real client library, on a real broker.
- ``timeline(what)``: the timeline of a simulation, a judgement or a replay token.
- ``step(what)``: the same to step through; without `what` the timeline that was shown last.
- ``predict(question, options, answer)``: commit to an answer before running the next cell.
- ``hint(exercise)``: the next hint.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ackademy.cells import CannotDo
from ackademy.hinting import has_hints, take
from ackademy.progress.results import record
from ackademy.show import Pieces, display_one, occasion, show
from graders import explain
from graders.cell import NoSolution, solution
from graders.check import OUT_OF_TIME, check_cells, one_run
from graders.explore import OutOfTime
from graders.judges import Finding
from graders.spec import Spec, load
from graders.stage import Run
from graders.token import BadToken, Token, fingerprint, token
from graders.verdict import Verdict
from minibroker.sim.faults import KINDS, Fault, Plan
from minibroker.sim.ticks import DoesNotParse
from minibroker.sim.trace import Answered, Crashed, Faulted, Trace

if TYPE_CHECKING:
    from ackademy.reality.cell import Reality


class CheckFailed(Exception):
    """A check that did not pass. Shown as its one sentence, without our stack trace."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its own traceback by this name.
        return [f"CheckFailed: {self}", *getattr(self, "__notes__", ())]


class NotInNotebook(RuntimeError):
    """The helper needs a notebook's cells and there are none."""


def check(exercise: str, check_id: str) -> int:
    """The points of one check for the solution cell that was last run in this notebook.

    Raises `CheckFailed` when it gets none; the timeline of the shortest failing schedule is
    shown above the message.
    """
    load(exercise).check(check_id)
    verdicts = check_cells(exercise, _cells())
    record(exercise, verdicts)
    verdict = next(v for v in verdicts if v.check == check_id)
    if verdict.outcome == "pass":
        print(explain.text(verdict))
        return verdict.points
    if verdict.outcome == "unknown" and not verdict.most:
        print(explain.line(verdict))
        return 0
    if verdict.outcome == "fail":
        _show_failure(verdict)
    failed = CheckFailed(explain.line(verdict))
    if has_hints(exercise):
        failed.add_note(f"Stuck? {_ask(exercise)}")
    raise failed from None


def hint(exercise: str, number: int | None = None, *, force: bool = False) -> None:
    """Show the next hint for an exercise, or the one of that `number` once more; `force` shows
    also one that is further on."""
    try:
        print(take(exercise, number, force, lambda next_one: _ask(exercise, next_one)))
    except CannotDo as error:
        print(error)


def _ask(exercise: str, number: int | None = None) -> str:
    """How to ask for a hint in this notebook, as it can be pasted into a cell."""
    shell = _shell()
    there = shell is not None and getattr(shell.user_ns.get("hint"), "__module__", "") == __name__
    call = f'hint("{exercise}")' if number is None else f'hint("{exercise}", {number})'
    return call if there else f"from ackademy import hint; {call}"


@dataclass(frozen=True)
class Judgement:
    """All verdicts of one judgement; a notebook shows them with the first failing timeline."""

    verdicts: Sequence[Verdict]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(verdict.outcome == "pass" for verdict in self.verdicts)

    def _ipython_display_(self) -> None:
        print("\n".join(explain.line(verdict) for verdict in self.verdicts))
        for verdict in self.verdicts:
            if verdict.outcome == "fail":
                _show_failure(verdict)
                return

    def __repr__(self) -> str:
        return "\n".join(explain.line(verdict) for verdict in self.verdicts)


def judge(name: str) -> Judgement:
    """Run the cell that defines what `name` asks for under every schedule."""
    return Judgement(check_cells(name, _cells()))


@dataclass(frozen=True)
class Simulation:
    """One schedule that was run: what was found in it, and its timeline."""

    spec: Spec
    run: Run
    findings: Sequence[Finding]
    token: str

    def _ipython_display_(self) -> None:
        print(self)
        if lines := explain.printed(self.run.printed):
            print("\n".join([explain.PRINTED, *(f"  {each}" for each in lines)]))
        _show(self.run, self.findings)

    def __repr__(self) -> str:
        if len(_suffered(self.run.trace)) < len(self.run.plan):
            return _not_suffered(self.run)
        if not self.findings:
            promises = "; ".join(check.promise for check in self.spec.checks)
            return f"✓ in this schedule: {promises}"
        return "\n".join(
            f"✗ {finding.anomaly.replace('_', ' ')}: {finding.sentence}"
            for finding in self.findings
        )


def _suffered(trace: Trace) -> set[int]:
    """The effects that a fault was done to."""
    return {event.number for event in trace if isinstance(event, Crashed | Faulted)}


def _not_suffered(run: Run) -> str:
    """Which fault of the plan did not come to pass, and what to do."""
    trace = run.trace
    missing = next(fault for fault in run.plan if fault.at not in _suffered(trace))
    # The call that is blocked when all is over has no answer: it never happened.
    most = max((event.number for event in trace.of(Answered)), default=0)
    if missing.at <= most:
        return (
            f"the {missing.kind} did not happen, since effect {missing.at} is not one that it can "
            "happen to; give another number"
        )
    numbers = f"another number up to {most}" if most else "your code something to do"
    what = "nothing crashed" if missing.kind == "crash" else f"the {missing.kind} did not happen"
    return f"{what}, since effect {missing.at} never happened in this run; give {numbers}"


def simulate(name: str, crash: int | None = None, **faults: int) -> Simulation:
    """Run the cell that defines what `name` asks for under one schedule: without a fault, or
    with a crash after effect number `crash`, before its answer arrives. Other faults are given
    alike, such as ``indefinite=7``: see `minibroker.sim.faults`."""
    plan, spec = _plan(crash, faults), load(name)
    return _simulated(spec, _source(spec), plan, seed=0)


def for_real(name: str, crash: int | None = None, on: str = "auto", **faults: int) -> "Reality":
    """`simulate`, and then the same for real: the cell as it stands runs in processes of its own,
    with the real client library, and is killed (``kill -9``) where the simulator's schedule says.
    `on` is ``mini``, ``docker``, ``native`` or ``external``, as in `ackademy.brokers`; ``auto`` is
    what ``ackademy brokers up`` started, or else the bundled broker, over the wire."""
    from ackademy.brokers.errors import NoBroker
    from ackademy.reality.cell import real

    plan, spec = _plan(crash, faults), load(name)
    source = _source(spec)
    one = _simulated(spec, source, plan, seed=0)
    free = _simulated(spec, source, (), seed=0)
    found = tuple(dict.fromkeys(finding.anomaly for finding in one.findings))
    try:
        return real(spec, source, free.run, one.run, found, on)
    except (CannotDo, NoBroker) as error:
        raise CheckFailed(str(error)) from None


def _plan(crash: int | None, faults: dict[str, int]) -> Plan:
    """The faults that were asked for."""
    given = faults if crash is None else {"crash": crash, **faults}
    for kind, at in given.items():
        if kind not in KINDS:
            raise TypeError(f"there is no fault {kind!r}; give one of {', '.join(KINDS)}")
        if type(at) is not int or at < 1:
            raise ValueError(f"{kind} is the number of an effect, from 1, not {at!r}")
        if list(given.values()).count(at) > 1:
            raise ValueError(f"effect {at} has two faults; give it one")
    return tuple(sorted((Fault(kind, at) for kind, at in given.items()), key=lambda each: each.at))


def timeline(what: "Simulation | Judgement | str") -> None:
    """Show the timeline of a simulation, of a judgement's first failure, or of a token."""
    if (found := _schedule(what)) is not None:
        _show(*found)


def step(what: "Simulation | Judgement | str | None" = None) -> None:
    """Step through a timeline: `what` is as for `timeline`, or nothing for the one that was shown
    last. Where there are no widgets, it is shown as `timeline` shows it, unless it stands above
    already."""
    from ackademy.viewer import widget
    from graders.steps import steps

    found = _schedule(what) if what is not None else _last_shown()
    if found is None:
        return
    pieces = None if what is None else _pieces(*found)
    viewer = widget(steps(*found), {"text/plain": ABOVE} if pieces is None else pieces.bundle)
    if viewer is not None:
        display_one(viewer)
        return
    print("to step through it, install anywidget: pip install 'ackademy[lab]'")
    if pieces is not None:
        show(pieces)


ABOVE = "The timeline above, row by row: run this cell in JupyterLab to step through it."


def predict(question: str, options: Sequence[object], answer: object, why: str = "") -> Any:
    """A question to answer before going on. Nothing is graded; the reason comes with the
    answer."""
    from ackademy.prediction import prediction

    return prediction(question, options, answer, why)


Schedule: TypeAlias = tuple[Run, Sequence[Finding]]
"""A run and what was found in it."""


def _schedule(what: "Simulation | Judgement | str") -> Schedule | None:
    """The schedule that is meant; None, and a line that says why, when there is none."""
    if isinstance(what, str):
        parsed = token(what)
        spec = load(parsed.exercise)
        parsed.expect(spec.version)
        source = _source(spec)
        if fingerprint(source) != parsed.source:
            raise BadToken(
                f"the token {what} was made for other code than the cell that was last run; run "
                "the cell it was made for, or check again"
            )
        what = _simulated(spec, source, parsed.plan, parsed.seed)
    if isinstance(what, Simulation):
        return what.run, what.findings
    for verdict in what.verdicts:
        if verdict.outcome == "fail" and verdict.witness is not None:
            return verdict.witness, verdict.findings
    print("no promise was broken, so there is no failing schedule to show")
    return None


def _last_shown() -> Schedule | None:
    if not _shown:
        print("no timeline was shown yet; run a check, judge or simulate first")
        return None
    return _shown[-1]


_shown: list[Schedule] = []
"""The schedule whose timeline was shown last, if one was."""


def _source(spec: Spec) -> str:
    """The solution cell that was last run."""
    try:
        return solution(_cells(), spec.entries)
    except (NoSolution, DoesNotParse) as error:
        raise CheckFailed(str(error)) from None


def _simulated(spec: Spec, source: str, plan: Plan, seed: int) -> Simulation:
    try:
        run, findings = one_run(spec, source, plan, seed)
    except DoesNotParse as error:  # found only when compiled
        raise CheckFailed(str(error)) from None
    except OutOfTime:
        raise CheckFailed(OUT_OF_TIME) from None
    word = Token(spec.name, spec.version, plan, seed, fingerprint(source))
    return Simulation(spec, run, findings, str(word))


def _cells() -> list[str]:
    """The cells that were run in this notebook, in the order they were run."""
    if _shell() is None:
        raise NotInNotebook("this works on a notebook's cells; from a terminal use ackademy check")
    return _ran


_ran: list[str] = []


def _watch() -> None:
    """Note what has been run, and from now on each cell as it is run. The history alone would
    do in JupyterLab, but some front ends run cells without keeping one."""
    if (shell := _shell()) is not None:
        _ran.extend(shell.history_manager.input_hist_raw)
        shell.events.register("pre_run_cell", lambda info: _ran.append(info.raw_cell))


def _shell() -> Any:
    ipython: Any = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _show_failure(verdict: Verdict) -> None:
    """The shortest failing schedule, and how to see it again."""
    assert verdict.witness is not None
    _show(verdict.witness, verdict.findings)
    print(f'This schedule again: timeline("{verdict.token}")')
    print("Step through it: step()")


def _show(run: Run, findings: Sequence[Finding]) -> None:
    _shown[:] = [(run, findings)]
    show(_pieces(run, findings))


def _pieces(run: Run, findings: Sequence[Finding]) -> Pieces:
    words = explain.run_text(run, findings)
    return Pieces(explain.run_svg(run, findings, of=occasion(words)), words)


_watch()
