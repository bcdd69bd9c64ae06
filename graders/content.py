'''Wheats and chaffs: the solutions that must pass, and the wrong ones that must not.

Each is a file that is a solution cell as it stands. Its docstring says what it is about: a
wheat's the design, a chaff's the one misconception, with a line for each anomaly that must fail
it. All checks that look for one of them fail, and no others; where some that look for it pass, the
line says which fail::

    """Acks before the work: a crash between the two loses the order.

    anomaly: lost_message
    """

    """Publishes after the ack: only a crash between the two loses anything.

    anomaly: lost_message in crash_safety
    """

One that cannot be shown on a real broker says why, in a line of its own or several::

    """Swallows what the commit throws.

    anomaly: stuck in no_rest
    reality: the real client sends the commit again by itself, so it throws nothing
    """
'''

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.explore import Exploration
from graders.spec import FOLDER, Spec


@dataclass(frozen=True)
class Wheat:
    """A correct solution."""

    name: str
    source: str


@dataclass(frozen=True)
class Chaff:
    """A wrong solution, and the anomalies that it must be failed by, some in certain checks.
    `reality` is why it cannot be shown on a real broker; empty when it can, or need not."""

    name: str
    source: str
    anomalies: tuple[str, ...]
    checks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reality: str = ""

    def failed_checks(self, spec: Spec) -> set[str]:
        """The checks that must fail: those that look for one of its anomalies, or that it names
        for it."""
        return {
            check.id
            for check in spec.checks
            for anomaly in check.anomalies
            if anomaly in self.anomalies
            and (anomaly not in self.checks or check.id in self.checks[anomaly])
        }


def wheats(exercise: str) -> list[Wheat]:
    """The wheats of an exercise but for wheat 0, which is the solution notebook's cell."""
    return [
        Wheat(path.stem, path.read_text(encoding="utf-8")) for path in _files(exercise, "wheats")
    ]


def chaffs(exercise: str) -> list[Chaff]:
    """The chaffs of an exercise; raises ValueError for one whose header names no anomaly."""
    found = []
    for path in _files(exercise, "chaffs"):
        source = path.read_text(encoding="utf-8")
        header = ast.get_docstring(ast.parse(source)) or ""
        named = re.findall(r"^anomaly: (\w+)(?: in (\w+(?:, \w+)*))?$", header, re.MULTILINE)
        anomalies = tuple(anomaly for anomaly, _ in named)
        if len(anomalies) != len(re.findall(r"^\s*anomaly:", header, re.MULTILINE)):
            raise ValueError(
                f"chaff {path.stem} of {exercise} has a line 'anomaly:' that cannot be read; write "
                "'anomaly: NAME' or 'anomaly: NAME in CHECK, CHECK'"
            )
        if not anomalies:
            raise ValueError(
                f"chaff {path.stem} of {exercise} names no anomaly; add a line "
                "'anomaly: NAME' to its docstring"
            )
        checks = {anomaly: tuple(where.split(", ")) for anomaly, where in named if where}
        found.append(Chaff(path.stem, source, anomalies, checks, _reality(header)))
    return found


def _reality(header: str) -> str:
    """Why reality cannot show a chaff, on one line; empty when its header says nothing of it."""
    found = re.search(r"^reality: (.+(?:\n(?!\w+: ).+)*)", header, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def _files(exercise: str, kind: str) -> list[Path]:
    return sorted((FOLDER / exercise / kind).glob("*.py"))


def looked_for(exploration: Exploration) -> set[str]:
    """The anomalies that were found where a check looks for them: some look at the run without
    faults alone."""
    return {
        anomaly
        for check in exploration.spec.checks
        for broken in exploration.broken
        if check.within == "all" or not broken.run.plan
        for anomaly in check.anomalies
        if anomaly in broken.findings
    }
