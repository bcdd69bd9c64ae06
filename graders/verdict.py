"""What a check is worth: pass, fail, unknown or error, with points and a reason.

- ``pass``: no anomaly of the check in any explored run, and the fault-free run showed what the
  check is about. All points.
- ``fail``: an anomaly was found. No points; the verdict has the shortest run that shows it.
- ``unknown``: nothing was found because nothing was shown (the code never polled). No points
  either; in grading a person looks at it.
- ``error``: the code does not run to its end even without faults. No points.

Every verdict has one sentence that says what happened, where, and what to do next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graders.explore import Broken, Exploration
from graders.judges import Finding, judge
from graders.schedule import schedule
from graders.spec import Check, Spec
from graders.stage import Run
from graders.token import Token
from minibroker.sim.trace import Appended, Delivered, Exited, GaveUp, Polled, Published, Trace

Outcome: TypeAlias = Literal["pass", "fail", "unknown", "error"]


@dataclass(frozen=True)
class Verdict:
    """One check's outcome. `witness`, `findings` and `token` are there for a ``fail``."""

    exercise: str
    check: str
    promise: str
    outcome: Outcome
    points: int
    most: int
    sentence: str
    coverage: str = ""
    anomaly: str = ""
    findings: tuple[Finding, ...] = ()
    witness: Run | None = None
    token: str = ""


def verdicts(spec: Spec, exploration: Exploration, source: str) -> list[Verdict]:
    """The verdict of every check of a spec, in its order."""
    trace = exploration.fault_free.trace
    if not exploration.deterministic:
        return _all(
            spec,
            "error",
            "your code took other steps when it was run again with the same messages; take out "
            "what differs from run to run (memory addresses, files, the real clock)",
        )
    if not spec.points and any(e.error == "NotImplementedError" for e in trace.of(Exited)):
        return not_written(spec)
    if wrong := _wrong(trace):
        return _all(spec, "error", wrong, exploration.fault_free)
    if unseen := _never_polled(spec, trace):
        return _all(spec, "unknown", unseen, exploration.fault_free)
    return [_verdict(spec, check, exploration, source) for check in spec.checks]


def no_verdict(spec: Spec, sentence: str) -> list[Verdict]:
    """An ``error`` for every check: the code could not even be started."""
    return _all(spec, "error", sentence)


def not_written(spec: Spec) -> list[Verdict]:
    """An ``unknown`` for every check of an optional part that nobody has begun."""
    names = " and ".join(spec.entries)
    return _all(spec, "unknown", f"not written yet; define {names} in a cell to try it")


def _verdict(spec: Spec, check: Check, exploration: Exploration, source: str) -> Verdict:
    for anomaly in check.anomalies:
        shown = [broken for broken in _asked(check, exploration) if anomaly in broken.findings]
        if shown:
            return _failed(spec, check, anomaly, _shortest(shown), exploration, source)
    untried = exploration.singles < len(exploration.single_faults)
    if check.within == "all" and untried and not exploration.in_time:
        sentence = (
            f"nothing was proved: time was up after {exploration.coverage}; run this check again "
            "on a machine that is less busy"
        )
        return Verdict(
            spec.name, check.id, check.promise, "unknown", 0, check.points, sentence,
            exploration.coverage, witness=exploration.fault_free,
        )  # fmt: skip
    for anomaly in check.anomalies:
        if unshown := judge(anomaly).unshown(exploration.fault_free.trace):
            sentence = f"nothing was proved: {unshown}"
            return Verdict(
                spec.name, check.id, check.promise, "unknown", 0, check.points, sentence,
                exploration.coverage, witness=exploration.fault_free,
            )  # fmt: skip
    coverage = _coverage(check, exploration)
    return Verdict(
        spec.name, check.id, check.promise, "pass", check.points, check.points,
        f"{check.promise}: held in {coverage}", coverage,
    )  # fmt: skip


def _coverage(check: Check, exploration: Exploration) -> str:
    return exploration.coverage if check.within == "all" else "the run without faults"


def _asked(check: Check, exploration: Exploration) -> list[Broken]:
    """The broken runs that a check is about."""
    if check.within == "all":
        return list(exploration.broken)
    return [broken for broken in exploration.broken if not broken.run.plan]


def _failed(
    spec: Spec, check: Check, anomaly: str, broken: Broken, exploration: Exploration, source: str
) -> Verdict:
    run, findings = broken.run, broken.findings[anomaly]
    more = sum(anomaly in other.findings for other in _asked(check, exploration)) - 1
    sentence = findings[0].sentence + (f", {where}" if (where := schedule(run)) else "")
    if more:
        sentence += f"; {more} other schedule{'s' if more > 1 else ''} of those tried end alike"
    token = Token(spec.name, spec.version, run.plan, run.seed, source)
    return Verdict(
        spec.name, check.id, check.promise, "fail", 0, check.points, sentence,
        _coverage(check, exploration), anomaly, tuple(findings), run, str(token),
    )  # fmt: skip


def _shortest(shown: Iterable[Broken]) -> Broken:
    """Fewest faults first, then fewest events."""
    return min(shown, key=lambda broken: (len(broken.run.plan), len(broken.run.trace)))


def _all(spec: Spec, outcome: Outcome, sentence: str, run: Run | None = None) -> list[Verdict]:
    return [
        Verdict(spec.name, check.id, check.promise, outcome, 0, check.points, sentence, witness=run)
        for check in spec.checks
    ]


def _never_polled(spec: Spec, trace: Trace) -> str:
    """Why a fault-free run that found nothing proves nothing; empty when it proves something."""
    names = " and ".join(spec.entries)
    if any(event.queues for event in trace.of(Published)) and not trace.of(Delivered):
        queues = sorted({queue for event in trace.of(Published) for queue in event.queues})
        return (
            f"nothing was proved: {names} never took a message from {' or '.join(queues)}; "
            "consume from it and run this check again"
        )
    came = {event.topic for event in trace.of(Appended) if event.who == "scenario"}
    if came and not trace.of(Delivered) and not trace.of(Polled):
        return (
            f"nothing was proved: {names} never took a record from {' or '.join(sorted(came))}; "
            "subscribe to it, poll, and run this check again"
        )
    return ""


def _wrong(trace: Trace) -> str:
    """How the code failed by itself; empty when it did not."""
    gave_up = {event.who for event in trace.of(GaveUp)}
    for event in trace.of(Exited):
        if event.who in gave_up:
            return _ended(event)
    return ""


def _ended(event: Exited) -> str:
    name = event.who.partition("#")[0]
    line = f" in line {event.line} of the cell" if event.line else ""
    match event.how:
        case "raised":
            message = " ".join(event.message.split())  # a sentence is one line
            text = f"{event.error}: {message}" if message else event.error
            return f"{name} raised {text}{line}, before any fault was tried{_advice(event)}"
        case "spun":
            return (
                f"{name} looped without end{line}, taking no message and calling nobody; let the "
                "loop wait for a message, or end it"
            )
        case "hung":
            return (
                f"{name} ran on without calling anybody until its time was up; it waits outside "
                "the simulator or computes without end: take that out"
            )
        case "vanished":
            what = f" ({event.message})" if event.message else ""
            return (
                f"{name} ended its whole Python process{what}{line}; a worker ends by returning "
                "or raising, so take that call out"
            )
        case "would not stop":
            return f"{name} did not stop when it was interrupted; let KeyboardInterrupt through"
    return f"{name} sent something that is no call of a client{line}; use the clients it is given"


def _advice(event: Exited) -> str:
    match event.error:
        case "NotImplementedError":
            return "; write your solution in that cell"
        case "NameError" | "UnboundLocalError":
            return (
                "; the cell is run alone, in a fresh process, so define or import in this cell "
                "all that it uses"
            )
    return ""
