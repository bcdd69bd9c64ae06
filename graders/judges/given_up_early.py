"""Given up early: work that could still succeed was put away or dropped before its time.

Its last attempt failed for something that passes, no message of it goes on, and fewer attempts
failed than were promised, or (in a run without faults) within less time.

Example: four attempts are promised. The bank cannot be reached for a while, and the worker puts the
order away after the first attempt::

    RetryPolicy(attempts=4, dead_letters="orders.dead")
    Delivered(message=1)  Declined(subject="order-1", error="GatewayUnavailable")
    Published(message=2, queues=["orders.dead"])  Settled(message=1)

An order that was put away without any attempt was given up early, too. Each fault may have cost an
attempt. A record was put away when a ``read_committed`` reader of the dead letters' topic sees it.
"""

from collections.abc import Sequence

from graders.judges import Finding
from graders.judges.attempts import MAY_WORK_LATER, failed, faults, policy
from graders.judges.copies import copies_of, is_gone
from graders.judges.debts import DEAD_LETTER, Debt, debts
from graders.judges.records import log
from minibroker.sim.trace import Declined, RetryPolicy, SideEffect, Trace


def find(trace: Trace) -> list[Finding]:
    """Every order that was given up too early."""
    promised = policy(trace)
    if promised is None:
        return []
    findings = []
    for (kind, subject), debt in debts(trace).items():
        tries = failed(trace).get(subject, [])
        if kind == DEAD_LETTER and not tries:
            continue  # it was never anybody's to try
        if any(isinstance(event, SideEffect) for _, event in debt.done):
            continue
        if tries and tries[-1][1].error not in MAY_WORK_LATER:
            continue
        early = _early(tries, promised, faults(trace))
        position = _end(trace, debt, promised.dead_letters)
        if early and position is not None:
            sentence = f"{subject} was given up {early}"
            findings.append(Finding("given_up_early", sentence, (position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever tried."""
    if trace.of(SideEffect) or failed(trace):
        return ""
    return "nothing was ever tried, so nothing could be given up too early"


def _early(tries: Sequence[tuple[int, Declined]], promised: RetryPolicy, suffered: int) -> str:
    """Why that was early; empty if it was not."""
    many = {0: "without any attempt", 1: "after 1 attempt"}.get(
        len(tries), f"after {len(tries)} attempts"
    )
    if not tries or len(tries) + suffered < promised.attempts:
        verb = "is" if promised.attempts == 1 else "are"
        return f"{many}, where {promised.attempts} {verb} promised"
    took = tries[-1][1].at - tries[0][1].at
    if not suffered and took < sum(promised.delays):
        return f"{many} within {took / 1e6:g} s, where they are spread over " + (
            f"{sum(promised.delays) / 1e6:g} s"
        )
    return ""


def _end(trace: Trace, debt: Debt, dead_letters: str) -> int | None:
    """Where the last message of a debt was left, if none of them goes on."""
    ends = copies_of(trace, debt)
    records = log(trace).records
    away = [
        record
        for message in debt.messages
        if (record := records.get(message)) and record.event.topic == dead_letters
    ]
    put_away = {dead_letters} if any(record.counts for record in away) else set()
    left = put_away | {
        copy[0]
        for copy, end in ends.items()
        if not is_gone(copy, end[1]) and not any(copy[1] == each.event.message for each in away)
    }
    if left - {dead_letters} or (not left and faults(trace)):
        return None  # it goes on, or a fault made it vanish
    return max((position for position, _ in ends.values()), default=None)
