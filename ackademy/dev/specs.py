"""What every spec has to be before any code is run against it."""

import ast
import re
from collections import Counter

from ackademy.dev.layout import Layout
from graders.judges import judge
from graders.spec import Check, Spec, load


def folder(layout: Layout, name: str) -> list[str]:
    """A folder in graders/specs is a package with a ``spec.py`` that can be loaded."""
    place = layout.specs / name
    if not (place / "spec.py").is_file():
        return [f"there is no {layout.shown(place / 'spec.py')}; write it, or remove {name}"]
    wrong = []
    if not (place / "__init__.py").is_file():
        wrong.append(
            f"there is no {layout.shown(place / '__init__.py')}; write one with a docstring that "
            "says which lesson leads here"
        )
    try:
        load(name)
    except Exception as error:  # an author's file may raise anything
        wrong.append(
            f"{layout.shown(place / 'spec.py')} cannot be loaded ({type(error).__name__}: "
            f"{error}); mend it"
        )
    return wrong


def goals(layout: Layout, name: str) -> list[str]:
    """A spec's docstring says what the exercise teaches and what it leaves out."""
    path = layout.specs / name / "spec.py"
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return [
        f"the docstring of {layout.shown(path)} has no '{wanted}:'; say there {what}"
        for wanted, what in (
            ("Goal", "what the exercise teaches"),
            ("Non-goals", "what it leaves to other exercises"),
        )
        if not re.search(rf"\b{wanted}:\s*\S", said)
    ]


def checks(spec: Spec, optional: bool = False) -> list[str]:
    """A spec has checks, each under an id of its own, with points unless the whole is `optional`,
    and with anomalies that some judge finds."""
    if not spec.checks:
        return ["its spec has no checks; give it at least one"]
    many = Counter(check.id for check in spec.checks)
    return [
        *(f"{n} checks have the id {each}; rename one" for each, n in many.items() if n > 1),
        *(w for check in spec.checks for w in (*_points(check, optional), *_anomalies(check))),
    ]


def _points(check: Check, optional: bool) -> list[str]:
    if check.points < 0 or (check.points == 0 and not optional):
        return [f"the check {check.id} has {check.points} points; give it at least 1"]
    return []


def _anomalies(check: Check) -> list[str]:
    if not check.anomalies:
        return [f"the check {check.id} looks for no anomaly, so it always passes; name one"]
    return [
        f"the check {check.id} looks for {anomaly}, which no judge finds; correct the name, or "
        "write the judge in graders/judges"
        for anomaly in check.anomalies
        if not _is_judged(anomaly)
    ]


def _is_judged(anomaly: str) -> bool:
    try:
        judge(anomaly)
    except LookupError:
        return False
    return True
