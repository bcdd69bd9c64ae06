"""Compensation without cause: an order that nobody had refused was undone.

Example: the charge timed out, which says that nobody knows. The orchestrator takes it for a no and
releases the stock, though the same request, sent again under its key, would have been answered::

    SagaOwed(subject="order-1", steps=["reservation", "charge", "shipment"])
    SideEffect(kind="reservation")  SideEffect(kind="charge")  Answered(error="PaymentTimeout")
    Compensated(kind="reservation", by="release")

An order is refused when one of its steps meets trouble that will never end.
"""

from graders.judges import Finding
from graders.judges.sagas import sagas
from minibroker.sim.trace import SideEffect, Trace


def find(trace: Trace) -> list[Finding]:
    """Every order that was undone, in part or whole, although no step of it was refused for
    good."""
    findings = []
    for order, saga in sagas(trace).items():
        if saga.refused or not saga.undone:
            continue
        step, first = min(
            ((step, undone[0]) for step, undone in saga.undone.items()), key=lambda each: each[1]
        )
        sentence = f"the {step} of {order} was undone, though nobody had refused the order for good"
        findings.append(Finding("compensation_without_cause", sentence, (first,)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever done that could be undone."""
    return "" if trace.of(SideEffect) else "nothing was ever done, so nothing could be undone"
