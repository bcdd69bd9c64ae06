"""Starvation: work that could be done at once waits behind work that cannot.

Example: order-2's bank is down, the worker sleeps until the next attempt, and order-3, which came
meanwhile, waits as long::

    RetryPolicy(patience=3_000_000)
    Declined(subject="order-2", at=10_000_000)
    Published(message=3, at=11_000_000)   charge for order-3 at 15_002_000

Judged in runs without faults, for subjects that nothing stood in the way of: a crash costs
everybody time.
"""

from graders.judges import Finding
from graders.judges.attempts import faults, policy
from graders.judges.copies import arrived, handed_out
from graders.judges.debts import DEAD_LETTER, debts
from minibroker.sim.trace import Trace, Trouble


def find(trace: Trace) -> list[Finding]:
    """Every subject that waited longer than the promise allows."""
    promised = policy(trace)
    if promised is None or faults(trace):
        return []
    hindered = {event.subject for event in trace.of(Trouble)}
    came = {event.message: event.at for event in arrived(trace)}
    findings = []
    for (kind, subject), debt in debts(trace).items():
        if kind == DEAD_LETTER or subject in hindered or not debt.done:
            continue
        position, event = debt.done[0]
        waited = event.at - min((came[m] for m in debt.messages if m in came), default=event.at)
        if waited > promised.patience:
            sentence = (
                f"{subject} could be worked on at once and waited {waited / 1e6:g} s for its "
                f"{kind}, where {promised.patience / 1e6:g} s are allowed"
            )
            findings.append(Finding("starvation", sentence, (position,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever taken."""
    if handed_out(trace):
        return ""
    return "no message was ever taken, so none could wait for others"
