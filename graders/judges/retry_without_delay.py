"""Retry without delay: what failed was tried again sooner than promised.

A bank that is down is not up again a millisecond later. Trying at once costs attempts, and a
thousand workers that do it keep a bank down that was about to recover (a retry storm).

Example: the second attempt is promised 5 s after the first one failed::

    RetryPolicy(delays=[5_000_000, ...])
    Declined(subject="order-1", at=10_000_000)  Declined(subject="order-1", at=10_004_000)

Judged in runs without faults: after a crash the broker hands out at once what was not settled.
"""

from graders.judges import Finding
from graders.judges.attempts import failed, faults, policy, ways
from graders.judges.debts import Debt, debts
from minibroker.sim.trace import SideEffect, Trace


def find(trace: Trace) -> list[Finding]:
    """The first retry of each subject that came too soon."""
    promised = policy(trace)
    if promised is None or faults(trace):
        return []
    findings = []
    for (_, subject), debt in debts(trace).items():
        tries = _tries(trace, subject, debt)
        if ways(trace, subject, debt) > 1:
            continue  # two messages of one order do not know of each other
        gaps = zip(tries, tries[1:], promised.delays, strict=False)
        for number, ((first, before), (second, after), delay) in enumerate(gaps, 1):
            if after - before < delay:
                sentence = (
                    f"attempt {number + 1} for {subject} came {(after - before) / 1e6:g} s after "
                    f"attempt {number} had failed, where {delay / 1e6:g} s are promised"
                )
                findings.append(Finding("retry_without_delay", sentence, (first, second)))
                break
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was tried a second time."""
    if any(len(_tries(trace, name, debt)) > 1 for (_, name), debt in debts(trace).items()):
        return ""
    return "nothing that failed was tried again, so no delay was seen"


def _tries(trace: Trace, subject: str, debt: Debt) -> list[tuple[int, int]]:
    """Position and moment of each attempt: those that failed, and the first that did not."""
    made = [(position, event.at) for position, event in failed(trace).get(subject, ())]
    if made:
        made += [(p, event.at) for p, event in debt.done if isinstance(event, SideEffect)][:1]
    return made
