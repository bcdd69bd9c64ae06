"""Schedules to runs: the fault-free run, then every single fault of the kinds the spec names.

The fault-free run is made twice, for real, and both traces must be the same byte for byte;
after that its recording stands in for whatever a schedule shares with it (see
`minibroker.sim.tape`). A crash is tried after every effect that changed something. After one
that only read, or found nothing, the world is as it was after the effect before, so a crash
there is one that has been tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from graders.judges import Finding, judge
from graders.spec import Role, Spec
from graders.stage import Cast, Run, perform
from minibroker.sim.effect import Caller, Launch, Process
from minibroker.sim.faults import Plan, crash
from minibroker.sim.incarnation import Job
from minibroker.sim.tape import NotDeterministic, TapedProcess
from minibroker.sim.trace import Answered, GaveUp, Trace


class Transport(Protocol):
    """Makes processes of one source: inline or in children."""

    def process(self, job: Job) -> Process:
        """A process for one incarnation."""


@dataclass(frozen=True)
class Broken:
    """A run in which promises were broken, and how, by anomaly."""

    run: Run
    findings: dict[str, list[Finding]]


@dataclass(frozen=True)
class Exploration:
    """What all schedules of one source showed.

    `tried` of `possible` single faults were run. `deterministic` is False when the two
    fault-free runs differed; then nothing else was run.
    """

    spec: Spec
    seed: int
    fault_free: Run
    broken: Sequence[Broken]
    tried: int
    possible: int
    deterministic: bool = True

    @property
    def coverage(self) -> str:
        """What was tried, and no more than that."""
        if self.tried == self.possible:
            return f"the run without faults and all {self.tried} single crashes"
        return f"the run without faults and {self.tried} of {self.possible} single crashes"


def members(spec: Spec) -> dict[str, Role]:
    """The process names of a spec's roles: ``worker``, or ``worker-1``, ``worker-2``."""
    named: dict[str, Role] = {}
    for role in spec.roles:
        if role.count == 1:
            named[role.entry] = role
        else:
            named |= {f"{role.entry}-{number}": role for number in range(1, role.count + 1)}
    return named


def launcher(spec: Spec, transport: Transport, seed: int) -> Launch:
    """Starts incarnations of a spec's roles through a transport."""
    named = members(spec)

    def launch(caller: Caller) -> Process:
        role = named[caller.process]
        return transport.process(
            Job(role.entry, caller.process, caller.incarnation, seed, dict(role.clients))
        )

    return launch


def run(spec: Spec, launch: Launch, plan: Plan, seed: int) -> Run:
    """One schedule."""
    cast = [Cast(name, role.restarts) for name, role in members(spec).items()]
    return perform(spec.scenario, cast, launch, plan, seed, spec.budget.effects)


def explore(
    spec: Spec, transport: Transport, seed: int = 0, first: Transport | None = None
) -> Exploration:
    """Run every schedule of the spec. `first` is the transport of the first fault-free run,
    where new source proves that it comes to an end."""
    fault_free = run(spec, launcher(spec, first or transport, seed), (), seed)
    if is_hopeless(fault_free.trace):
        return Exploration(spec, seed, fault_free, _judged(spec, [fault_free]), 0, 0)
    launch = launcher(spec, transport, seed)
    again = run(spec, launch, (), seed)
    unsteady = Exploration(spec, seed, fault_free, (), 0, 0, deterministic=False)
    if fault_free.trace.text() != again.trace.text():
        return unsteady
    plans = single_crashes(fault_free.trace)
    taped = _taped(launch, fault_free)
    runs, spent = [fault_free], fault_free.effects
    try:
        for plan in plans[: spec.budget.schedules]:
            if spent >= spec.budget.together:
                break
            runs.append(run(spec, taped, plan, seed))
            spent += runs[-1].effects
    except NotDeterministic:
        return unsteady
    return Exploration(spec, seed, fault_free, _judged(spec, runs), len(runs) - 1, len(plans))


def single_crashes(trace: Trace) -> list[Plan]:
    """A crash after each effect that changed something."""
    return [(crash(event.number),) for event in trace.of(Answered) if event.did == "changed"]


def _judged(spec: Spec, runs: Sequence[Run]) -> list[Broken]:
    anomalies = list(dict.fromkeys(name for check in spec.checks for name in check.anomalies))
    judges = [judge(name) for name in anomalies]
    broken = []
    for one in runs:
        findings = {each.anomaly: found for each in judges if (found := each.find(one.trace))}
        if findings:
            broken.append(Broken(one, findings))
    return broken


def is_hopeless(trace: Trace) -> bool:
    """Whether the code fails by itself so that no fault could show anything more: it gave up,
    and not by an exception that came and went."""
    return bool(trace.of(GaveUp))


def _taped(launch: Launch, recorded: Run) -> Launch:
    def taped(caller: Caller) -> Process:
        tape = recorded.recordings.get(caller)
        if tape is None:
            return launch(caller)
        return TapedProcess(tape, lambda: launch(caller))

    return taped
