"""Missing compensation: an order is over and half done.

Some of its steps stand, made and not undone, and others do not: they were never made, or they were
undone. Nothing that could still happen would finish it in either direction.

Example: the charge timed out although it was made. The orchestrator takes it for failed, undoes
the step before it, and leaves the charge::

    SagaOwed(subject="order-1", steps=["reservation", "charge", "shipment"])
    SideEffect(kind="reservation")  SideEffect(kind="charge")  Answered(error="PaymentTimeout")
    Compensated(kind="reservation", by="release")

It is the same to the customer whether the order was going forward or back when it was left. A run
that did not come to rest was stopped in the middle, so it is not judged; see `stuck`.
"""

from graders.judges import Finding
from graders.judges.sagas import Saga, ready, sagas
from minibroker.sim.trace import Ended, Trace


def find(trace: Trace) -> list[Finding]:
    """Every order that is left half done."""
    if any(event.why == "effects" for event in trace.of(Ended)):
        return []
    findings = []
    for order, saga in sagas(trace).items():
        stand = [step for step in saga.steps if saga.stands(step)]
        if not stand or len(stand) == len(saga.steps):
            continue
        verb = "stands" if len(stand) == 1 else "stand"
        sentence = f"{order} is left half done: its {_listed(stand)} {verb}, {_rest(saga)}"
        positions = sorted(saga.made[step][-1] for step in stand)
        findings.append(Finding("missing_compensation", sentence, tuple(positions)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing had to be undone."""
    return ready(trace)


def _rest(saga: Saga) -> str:
    """What does not stand, and why."""
    undone = [step for step in saga.steps if not saga.stands(step) and step in saga.undone]
    never = [step for step in saga.steps if step not in saga.made]
    parts = []
    if undone:
        parts.append(f"its {_listed(undone)} {'was' if len(undone) == 1 else 'were'} undone")
    if never:
        parts.append(f"no {' and no '.join(never)} was made")
    return " and ".join(parts)


def _listed(steps: list[str]) -> str:
    return " and ".join([", ".join(steps[:-1]), steps[-1]] if len(steps) > 1 else steps)
