"""One anomaly a module: what it is, with an example, and how it is found in a trace.

A judge has two functions, both pure:

- ``find(trace) -> list[Finding]``: each place where the anomaly happened, in order.
- ``unshown(trace) -> str``: why this trace, free of the anomaly, still proves nothing about it
  (a sentence), or an empty text when it does prove something. A fault-free run must show
  something before a check may pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from minibroker.sim.trace import Trace


@dataclass(frozen=True)
class Finding:
    """An anomaly in a trace. `events` are the positions of the events that make it up, the
    decisive one last; `sentence` says what happened, to the learner."""

    anomaly: str
    sentence: str
    events: tuple[int, ...]


@dataclass(frozen=True)
class Judge:
    """The two functions of one anomaly; see the module's docstring."""

    anomaly: str
    find: Callable[[Trace], list[Finding]]
    unshown: Callable[[Trace], str]


ANOMALIES = (
    "compensation_out_of_order",
    "compensation_without_cause",
    "conflicting_append",
    "dead_letter_without_cause",
    "deadline_exceeded",
    "dirty_read",
    "double_compensation",
    "duplicate_effect",
    "expired_lease",
    "given_up_early",
    "invariant_violation",
    "lost_command",
    "lost_message",
    "lost_publication",
    "missing_compensation",
    "needless_revocation",
    "partial_append",
    "phantom_publication",
    "reordered",
    "reordered_publication",
    "repeated_command",
    "retry_without_delay",
    "skipped_offset",
    "snapshot_drift",
    "starvation",
    "stuck",
    "too_many_attempts",
    "work_after_revoked",
    "wrong_answer",
    "zombie_write",
)
"""All there are; each is a module here."""


def judge(anomaly: str) -> Judge:
    """The judge of an anomaly by its name; `KeyError` when there is none."""
    if anomaly not in ANOMALIES:
        raise KeyError(anomaly)
    module = import_module(f"graders.judges.{anomaly}")
    return Judge(anomaly, module.find, module.unshown)
