"""Retry without delay: what failed was tried again sooner than promised.

A bank that is down is not up again a millisecond later. Trying at once costs attempts, and a
thousand workers that do it keep a bank down that was about to recover (a retry storm).

Example: the second attempt is promised 5 s after the first one failed::

    RetryPolicy(delays=[5_000_000, ...])
    Declined(subject="order-1", at=10_000_000)  Declined(subject="order-1", at=10_004_000)

Judged in runs without faults: after a crash the broker hands out at once what was not settled.
"""

from graders.judges import Finding
from graders.judges.attempts import failed, faults, policy
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """The first retry of each subject that came too soon."""
    promised = policy(trace)
    if promised is None or faults(trace):
        return []
    findings = []
    for subject, tries in failed(trace).items():
        gaps = zip(tries, tries[1:], promised.delays, strict=False)
        for number, ((first, before), (second, after), delay) in enumerate(gaps, 1):
            waited = after.at - before.at
            if waited < delay:
                sentence = (
                    f"attempt {number + 1} for {subject} came {waited / 1e6:g} s after attempt "
                    f"{number} had failed, where {delay / 1e6:g} s are promised"
                )
                findings.append(Finding("retry_without_delay", sentence, (first, second)))
                break
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was tried a second time."""
    if any(len(tries) > 1 for tries in failed(trace).values()):
        return ""
    return "nothing that failed was tried again, so no delay was seen"
