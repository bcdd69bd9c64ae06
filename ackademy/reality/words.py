"""What was tried for real, for people."""

from collections.abc import Sequence

from ackademy.reality.choose import Choice
from ackademy.reality.compare import Compared
from ackademy.reality.session import missing_of

SIGNS = {"agrees": "agrees", "disagrees": "DISAGREES", "not shown": "not shown"}


def line(result: Compared) -> str:
    """One schedule: what was done, whether reality agreed, and what happened."""
    points = " and ".join(map(str, result.schedule.points)) or "without faults"
    return f"{SIGNS[result.outcome]}: {points} ({result.schedule.name}): {result.sentence}"


def summary(choice: Choice, done: Sequence[Compared], place: str) -> str:
    """What all of them amount to."""
    agreed = sum(each.outcome == "agrees" for each in done)
    lines = [f"{place}: reality agreed in {agreed} of {len(done)} schedules"]
    missing = missing_of(choice, done)
    for anomaly in sorted(choice.failing):
        how = "could not be shown" if anomaly in missing else "happens for real, too"
        lines.append(f"{anomaly}: {how}")
    for anomaly, why in sorted(choice.unplaced.items()):
        lines.append(f"{anomaly}: could not be shown ({why})")
    return "\n".join(lines)
