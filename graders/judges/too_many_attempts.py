"""Too many attempts: work that fails was tried again and again, past what was promised.

Example: at most 4 attempts are promised. The worker keeps its count in a dict, fails three times,
crashes, and starts to count from nothing again::

    RetryPolicy(attempts=4)
    Delivered(message=1)  Declined(subject="order-1")  Requeued(message=1)   three times
    Crashed()
    Delivered(message=1)  Declined(subject="order-1")  Requeued(message=1)   four times more

Each fault may cost an attempt. Where an order came twice, or became two messages since a crash came
between a publish and its ack, each of them has its attempts. An order that is gone without a trace
is judged elsewhere.
"""

from graders.judges import Finding
from graders.judges.attempts import failed, faults, policy, ways
from graders.judges.copies import all_gone
from graders.judges.debts import DEAD_LETTER, debts
from minibroker.sim.trace import Declined, Trace


def find(trace: Trace) -> list[Finding]:
    """Every subject that had to be put away and was tried too often."""
    promised = policy(trace)
    if promised is None:
        return []
    findings = []
    for subject, tries in failed(trace).items():
        debt = debts(trace).get((DEAD_LETTER, subject))
        if debt is None or (not debt.done and all_gone(trace, debt)):
            continue
        most = promised.attempts * ways(trace, subject, debt) + faults(trace)
        if len(tries) > most:
            sentence = (
                f"{subject} was tried {len(tries)} times, where {promised.attempts} attempts are "
                "promised"
            )
            positions = tuple(position for position, _ in tries)
            findings.append(Finding("too_many_attempts", sentence, positions))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when no attempt failed."""
    return "" if trace.of(Declined) else "no attempt ever failed, so none could be one too many"
