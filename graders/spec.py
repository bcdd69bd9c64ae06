"""What an exercise is: the contract between its author and everything else.

A spec is a folder ``graders/specs/<name>/`` whose ``spec.py`` binds ``SPEC``. Beside it stand
``hints.md`` (one hint a heading), ``wheats/`` (correct solutions of different designs: all get
full marks) and ``chaffs/`` (plausible wrong ones: each fails by the anomalies that its header
names). The notebook's own solution cell is wheat 0 and is not copied here.

A spec judges behaviour. It says which functions the learner writes (roles), what happens to
them (scenario and faults) and which anomalies must not be found (checks). It never looks at
the shape of the code.

A scenario is a plain function of a `Stage`. It is called once a run, before anything happens;
with the same seed it must do the same. Another seed makes a variant with other names, numbers
and times for another class, never another promise.
"""

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from graders.stage import Scenario

FOLDER = Path(__file__).parent / "specs"


@dataclass(frozen=True)
class Role:
    """A function that the learner writes, and how it is run.

    `kind` is how the world drives it: ``process`` calls it once an incarnation with its
    clients. `clients` maps its parameters, in order, to kinds of `minibroker.clients`. `count`
    instances run side by side, the first from `starts` on and each next one `stagger` later
    (seconds of virtual time). A supervisor starts one that raises again, `restarts` times. No
    faults are tried on a role that is `spared`: it stands for something that is done before and
    under supervision.
    """

    entry: str
    clients: Mapping[str, str]
    kind: Literal["process"] = "process"
    count: int = 1
    restarts: int = 5
    starts: float = 0.0
    stagger: float = 0.0
    spared: bool = False


@dataclass(frozen=True)
class Check:
    """A promise, worth points when none of `anomalies` is found in any explored run, or, with
    `within`, in the run without faults.

    `promise` is one sentence that completes "This check passes when". A check without points is
    optional.
    """

    id: str
    points: int
    anomalies: tuple[str, ...]
    promise: str
    within: Literal["all", "fault_free"] = "all"


@dataclass(frozen=True)
class Budget:
    """How much may be spent: effects in one run, runs with one fault, runs with two faults, and
    effects in all runs together, `endless` many when already the run without faults does not come
    to rest. What is not tried for want of it is said in the coverage."""

    effects: int = 300
    schedules: int = 500
    pairs: int = 0
    together: int = 5_000
    endless: int = 5_000


@dataclass(frozen=True)
class Spec:
    """An exercise, or a lesson's experiment. `version` grows whenever a verdict could change.
    `faults` are the kinds that are tried: see `minibroker.sim.faults`. `parts` names the specs of
    further parts of the same notebook, each with a solution cell of its own. `lesson` is the stem
    of the notebook in ``course/`` that leads to it. `lines` is how many a learner writes at most
    for each function that works under faults: no wheat or chaff is longer. `draft` says what of it
    is not shown yet, empty when all is: the tests of the content leave a draft out and say so."""

    name: str
    version: int
    roles: tuple[Role, ...]
    scenario: Scenario
    checks: tuple[Check, ...]
    faults: tuple[str, ...] = ("crash",)
    budget: Budget = field(default_factory=Budget)
    parts: tuple[str, ...] = ()
    lesson: str = ""
    lines: int = 60
    draft: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """The names that the learner's cell must bind."""
        return tuple(role.entry for role in self.roles)

    @property
    def points(self) -> int:
        """All points together."""
        return sum(check.points for check in self.checks)

    def check(self, check_id: str) -> Check:
        """The check of that id, or `UnknownName` with the ids there are."""
        for check in self.checks:
            if check.id == check_id:
                return check
        raise UnknownName("check", check_id, [check.id for check in self.checks])


def with_parts(spec: Spec) -> list[Spec]:
    """The spec of a notebook and those of its further parts."""
    return [spec, *(load(name) for name in spec.parts)]


def whole_of(name: str) -> str:
    """The exercise in whose notebook a spec is a further part; empty when it is none."""
    for other in names():
        try:
            if name in load(other).parts:
                return other
        except Exception:  # another author's spec that cannot be loaded is no business of this one
            continue
    return ""


class UnknownName(LookupError):
    """There is no exercise or check of that name; the text says which come closest."""

    def __init__(self, what: str, name: str, known: list[str]) -> None:
        close = difflib.get_close_matches(name, known, 1) or known
        super().__init__(f"there is no {what} {name!r}; did you mean {' or '.join(close)}?")


def names() -> list[str]:
    """All specs, exercises and lessons' experiments alike."""
    return sorted(path.parent.name for path in FOLDER.glob("*/spec.py"))


@cache
def load(name: str) -> Spec:
    """The spec of that name, or `UnknownName`."""
    if name not in names():
        raise UnknownName("exercise", name, names())
    spec: Spec = importlib.import_module(f"graders.specs.{name}.spec").SPEC
    if spec.name != name:
        raise ValueError(f"the spec in folder {name} calls itself {spec.name}; rename one")
    return spec
