"""How often work was tried: the reading that the judges of retries share."""

from collections.abc import Mapping
from functools import lru_cache

from minibroker.sim.trace import Crashed, Declined, Faulted, RetryPolicy, Trace

MAY_WORK_LATER = frozenset({"GatewayUnavailable"})
"""The errors of work that is worth another attempt."""


def policy(trace: Trace) -> RetryPolicy | None:
    """The promise about retries, if the scenario made one."""
    found = trace.of(RetryPolicy)
    return found[-1] if found else None


def faults(trace: Trace) -> int:
    """How many faults the run suffered. Each may cost an attempt: one that was made and could not
    be written down, or one that was counted and could not be made."""
    return len(trace.of(Crashed)) + len(trace.of(Faulted))


def failed(trace: Trace) -> Mapping[str, list[tuple[int, Declined]]]:
    """The failed attempts of each subject: (position in the trace, event), in order."""
    return _failed(trace, len(trace))


@lru_cache(maxsize=2)
def _failed(trace: Trace, length: int) -> Mapping[str, list[tuple[int, Declined]]]:
    found: dict[str, list[tuple[int, Declined]]] = {}
    for position, event in enumerate(trace.events):
        if type(event) is Declined:
            found.setdefault(event.subject, []).append((position, event))
    return found
