'''Wheats and chaffs: the solutions that must pass, and the wrong ones that must not.

Each is a file that is a solution cell as it stands. Its docstring says what it is about: a
wheat's the design, a chaff's the one misconception, with a line for each anomaly that must fail
it, and for no check that does not look for one of them::

    """Acks before the work: a crash between the two loses the order.

    anomaly: lost_message
    """
'''

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from graders.spec import FOLDER, Spec


@dataclass(frozen=True)
class Wheat:
    """A correct solution."""

    name: str
    source: str


@dataclass(frozen=True)
class Chaff:
    """A wrong solution, and the anomalies that it must be failed by."""

    name: str
    source: str
    anomalies: tuple[str, ...]

    def failed_checks(self, spec: Spec) -> set[str]:
        """The checks that must fail: those that look for one of its anomalies."""
        return {check.id for check in spec.checks if set(check.anomalies) & set(self.anomalies)}


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
        anomalies = tuple(re.findall(r"^anomaly: (\w+)$", header, re.MULTILINE))
        if not anomalies:
            raise ValueError(
                f"chaff {path.stem} of {exercise} names no anomaly; add a line "
                "'anomaly: NAME' to its docstring"
            )
        found.append(Chaff(path.stem, source, anomalies))
    return found


def _files(exercise: str, kind: str) -> list[Path]:
    return sorted((FOLDER / exercise / kind).glob("*.py"))
