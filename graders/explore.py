"""Schedules to runs: the fault-free run, then single faults, then pairs of them under a budget.

The fault-free run is made twice, for real, and both traces must be the same byte for byte;
after that its recording stands in for whatever a schedule shares with it (see
`minibroker.sim.tape`). Which single faults are worth trying is read from it (`graders.plans`). A
pair is a single fault and a second one at a later effect of the run that the first one led to, so
its first part is played back from that run. Where there are more than the budget allows, a seeded
sample is taken from all of them.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from graders.garbage import seldom_collected
from graders.judges import Finding, judge
from graders.plans import kinds_in, plural, worth_trying
from graders.spec import Role, Spec
from graders.stage import Cast, Run, perform
from minibroker.sim.effect import Caller, Launch, Process
from minibroker.sim.faults import Fault, Plan
from minibroker.sim.incarnation import Job
from minibroker.sim.tape import NotDeterministic, TapedProcess
from minibroker.sim.trace import Ended, GaveUp, Trace


class OutOfTime(Exception):
    """The processes of one source have used up their real time, in all runs together."""


class Transport(Protocol):
    """Makes processes of one source: inline or in children. A process may raise `OutOfTime`."""

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

    `singles` were run of the `single_faults` worth trying, and `pairs` of `possible_pairs`.
    `deterministic` is False when the two fault-free runs differed; then nothing else was run.
    `in_time` is False when real time was up before all that the budget allows was run.
    """

    spec: Spec
    seed: int
    fault_free: Run
    broken: Sequence[Broken]
    single_faults: Sequence[Fault] = ()
    singles: int = 0
    pairs: int = 0
    possible_pairs: int = 0
    deterministic: bool = True
    in_time: bool = True

    @property
    def coverage(self) -> str:
        """What was tried, and no more than that."""
        parts = ["the run without faults", self._single_faults()]
        if self.spec.budget.pairs:
            some = self.pairs < self.possible_pairs
            parts.append(f"{self.pairs} of {self.possible_pairs} pairs" if some else
                         f"all {self.pairs} pairs")  # fmt: skip
        else:
            some = False
        if some or self.singles < len(self.single_faults):
            parts.append(f"seed {self.seed}")
        return ", ".join(parts) if len(parts) > 2 else " and ".join(parts)

    def _single_faults(self) -> str:
        kinds = list(kinds_in(list(self.single_faults)))
        many = len(self.single_faults)
        if len(kinds) == 1:
            what = "single " + plural(kinds[0][0], many).partition(" ")[2]
        else:
            what = "single fault" if many == 1 else "single faults"
        if self.singles < many:
            return f"{self.singles} of {many} {what}"
        if many == 1:
            return f"the only {what}"
        return f"all {many} {what}" if many else "no single fault, since none was possible"


def members(spec: Spec) -> dict[str, Role]:
    """The process names of a spec's roles: ``worker``, or ``worker-1``, ``worker-2``."""
    named: dict[str, Role] = {}
    for role in spec.roles:
        if role.count == 1:
            named[role.entry] = role
        else:
            named |= {f"{role.entry}-{number}": role for number in range(1, role.count + 1)}
    return named


def cast_of(spec: Spec) -> list[Cast]:
    """Who plays in a spec's runs, by `members`, and from when on."""
    seen: dict[str, int] = {}
    cast = []
    for name, role in members(spec).items():
        before = seen.get(role.entry, 0)
        seen[role.entry] = before + 1
        cast.append(Cast(name, role.restarts, role.starts + before * role.stagger))
    return cast


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
    return perform(spec.scenario, cast_of(spec), launch, plan, seed, spec.budget.effects)


@seldom_collected()
def explore(
    spec: Spec, transport: Transport, seed: int = 0, first: Transport | None = None
) -> Exploration:
    """Run every schedule of the spec. `first` is the transport of the first fault-free run,
    where new source proves that it comes to an end. Raises `OutOfTime` when that alone takes too
    long."""
    fault_free = run(spec, launcher(spec, first or transport, seed), (), seed)
    if is_hopeless(fault_free.trace):
        return Exploration(spec, seed, fault_free, _judged(spec, [fault_free]))
    launch = launcher(spec, transport, seed)
    again = run(spec, launch, (), seed)
    unsteady = Exploration(spec, seed, fault_free, (), deterministic=False)
    if fault_free.trace.text() != again.trace.text():
        return unsteady
    spared = [name for name, role in members(spec).items() if role.spared]
    singles = worth_trying(fault_free.trace, spec.faults, spared=spared)
    restless = any(event.why == "effects" for event in fault_free.trace.of(Ended))
    budget = spec.budget
    left = min(budget.endless, budget.together) if restless else budget.together
    purse = _Purse(spec, seed, launch, left - fault_free.effects)
    try:
        ones = purse.spend([(fault_free, fault) for fault in singles], spec.budget.schedules)
        further = [
            (one, fault)
            for one in (ones if spec.budget.pairs else ())
            for fault in worth_trying(one.trace, spec.faults, one.plan[-1].at, spared)
        ]
        twos = purse.spend(further, spec.budget.pairs)
    except NotDeterministic:
        return unsteady
    return Exploration(
        spec, seed, fault_free, _judged(spec, [fault_free, *ones, *twos]),
        singles, len(ones), len(twos), len(further), in_time=not purse.late,
    )  # fmt: skip


T = TypeVar("T")


@dataclass
class _Purse:
    """What may still be spent, and on what."""

    spec: Spec
    seed: int
    launch: Launch
    left: int
    late: bool = False

    def spend(self, steps: Sequence[tuple[Run, Fault]], most: int) -> list[Run]:
        """Run at most so many of the runs that are another one and a further fault."""
        runs = []
        for before, fault in _sample(steps, most, self.seed):
            if self.left <= 0:
                break
            taped = _taped(self.launch, before)
            try:
                runs.append(run(self.spec, taped, (*before.plan, fault), self.seed))
            except OutOfTime:
                self.late, self.left = True, 0
                break
            self.left -= runs[-1].effects
        return runs


def _sample(steps: Sequence[T], most: int, seed: int) -> list[T]:
    """All, or so many of them that are drawn with the seed, in their order."""
    if len(steps) <= most:
        return list(steps)
    drawn = random.Random(f"schedules/{seed}").sample(range(len(steps)), most)
    return [steps[place] for place in sorted(drawn)]


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
