"""What reality said to what the simulator had said: agrees, disagrees, or could not be shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ackademy.reality.choose import Schedule
from ackademy.reality.perform import Shown
from graders.judges import Finding, judge
from graders.spec import Spec

Outcome = Literal["agrees", "disagrees", "not shown"]


@dataclass(frozen=True)
class Compared:
    """One schedule, tried for real. `sentence` says what came of it, `looked_for` are the anomalies
    that its judges would find."""

    schedule: Schedule
    outcome: Outcome
    found: tuple[Finding, ...]
    sentence: str
    looked_for: tuple[str, ...] = ()


def compared(spec: Spec, schedule: Schedule, shown: Shown) -> Compared:
    """Judge a real run by the judges of the spec, and compare."""
    anomalies = tuple(anomalies_of(spec, fault_free=not schedule.plan))
    return replace(_compared(spec, schedule, shown, anomalies), looked_for=anomalies)


def _compared(spec: Spec, schedule: Schedule, shown: Shown, anomalies: tuple[str, ...]) -> Compared:
    found = tuple(each for name in anomalies for each in judge(name).find(shown.trace))
    names = {each.anomaly for each in found}
    expected = set(schedule.found) & set(anomalies)
    if shown.missed:
        missed = " and ".join(map(str, shown.missed))
        return Compared(schedule, "not shown", found, f"the process never came to: {missed}")
    if expected:
        here = [each for each in found if each.anomaly in expected]
        if here:
            return Compared(schedule, "agrees", found, here[0].sentence)
        what = " and ".join(sorted(expected))
        other = f"; it found {found[0].sentence}" if found else ""
        return Compared(
            schedule, "disagrees", found, f"the simulator found {what}, reality did not{other}"
        )
    if names:
        return Compared(
            schedule, "disagrees", found, f"the simulator found nothing, but {found[0].sentence}"
        )
    return Compared(schedule, "agrees", found, "every promise was kept")


def anomalies_of(spec: Spec, fault_free: bool) -> Sequence[str]:
    """What the checks of a spec look for in such a run."""
    return list(
        dict.fromkeys(
            anomaly
            for check in spec.checks
            if fault_free or check.within == "all"
            for anomaly in check.anomalies
        )
    )
