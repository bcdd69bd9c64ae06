"""What trials say about a wheat or a chaff, in sentences for the one who wrote it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ackademy.dev.layout import Layout, files
from ackademy.dev.trials import Solution, Trial
from ackademy.dev.wording import many
from graders.content import Chaff, chaffs
from graders.spec import Spec, load

FEWEST_WHEATS = 2
"""Beside wheat 0, the solution notebook's cell."""
FEWEST_CHAFFS = 3


def enough(layout: Layout, name: str) -> list[str]:
    """An exercise has three wheats or more, with the notebook's own, and three chaffs or more."""
    return [
        f"it has {many(len(have), kind)} in {layout.shown(layout.specs / name / kind)}s; write at "
        f"least {fewest}, {what}"
        for kind, fewest, what in (
            ("wheat", FEWEST_WHEATS, "each of another design"),
            ("chaff", FEWEST_CHAFFS, "one misconception each"),
        )
        if len(have := _sources(layout.specs / name / f"{kind}s")) < fewest
    ]


def _sources(folder: Path) -> list[Path]:
    return [path for path in files(folder) if path.suffix == ".py"]


def covered(spec: Spec, given: Sequence[Chaff]) -> list[str]:
    """Every check is failed by some chaff, every anomaly named by one, and the other way round."""
    named = {anomaly for chaff in given for anomaly in chaff.anomalies}
    looked_for = {anomaly for check in spec.checks for anomaly in check.anomalies}
    wrong = []
    for check in spec.checks:
        missing = [anomaly for anomaly in check.anomalies if anomaly not in named]
        if missing and len(missing) == len(check.anomalies):
            wrong.append(
                f"no chaff fails the check {check.id}; write one with the line "
                f"'anomaly: {missing[0]}' in its header"
            )
        else:
            wrong.extend(
                f"no chaff shows {anomaly}, for which the check {check.id} looks; write one, or "
                "take it out of the check"
                for anomaly in missing
            )
    return wrong + [
        f"chaff {chaff.name} names {anomaly}, for which no check looks; correct its header, or "
        "add it to a check"
        for chaff in given
        for anomaly in chaff.anomalies
        if anomaly not in looked_for
    ]


def chaffs_cover(layout: Layout, name: str) -> list[str]:
    """`covered` for an exercise by name."""
    return covered(load(name), chaffs(name))


def wrong_with(each: Solution, trial: Trial) -> dict[str, str]:
    """What in a trial is not what its solution is there for, and what more can be said of it."""
    odd = {
        f"gets {outcome} for the check {check}": f" ({sentence})"
        for check, outcome, sentence in trial.outcomes
        if outcome not in ("pass", "fail") or (each.kind == "wheat" and outcome == "fail")
    }
    if odd or each.kind == "wheat":
        return odd
    unshown = sorted(set(each.anomalies) - set(trial.found))
    unnamed = sorted(set(trial.found) - set(each.anomalies))
    failed = {check for check, outcome, _ in trial.outcomes if outcome == "fail"}
    return {
        **{f"does not show {anomaly}, which its header names": "" for anomaly in unshown},
        **{f"shows {anomaly}, which its header does not name": "" for anomaly in unnamed},
        **{f"does not fail the check {check}": "" for check in sorted(set(each.fails) - failed)},
        **{f"fails the check {check} as well": "" for check in sorted(failed - set(each.fails))},
    }


MEND = {
    "wheat": "mend it, or the check if it keeps the promise",
    "chaff": "mend it or its header, or let the scenario show the difference",
}


def of_trials(tried: Iterable[tuple[Solution, Trial]]) -> list[str]:
    """One sentence for each solution and fault: where it was first seen, and how often more."""
    first: dict[tuple[Solution, str], str] = {}
    seen: Counter[tuple[Solution, str]] = Counter()
    for each, trial in tried:
        for wrong, because in wrong_with(each, trial).items():
            first.setdefault((each, wrong), f"{trial.where}{because}")
            seen[each, wrong] += 1
    return [
        f"{each} {wrong}, {where}{_more(seen[each, wrong] - 1)}; {MEND[each.kind]}"
        for (each, wrong), where in first.items()
    ]


def _more(times: int) -> str:
    return f" and {many(times, 'more time')}" if times else ""
