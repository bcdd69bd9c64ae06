"""Compensation out of order: an earlier step was undone while a later one, which rests on it, still
stood.

Example: the orchestrator releases the stock first. Until the shipment is cancelled, the carrier may
fetch items that another customer has bought meanwhile::

    SagaOwed(subject="order-1", steps=["reservation", "charge", "shipment"])
    SideEffect(kind="reservation")  SideEffect(kind="charge")
    Compensated(kind="reservation", by="release")  Compensated(kind="charge", by="refund")

A later step that is never undone at all is a missing compensation and no matter of order.
"""

from itertools import combinations

from graders.judges import Finding
from graders.judges.sagas import ready, sagas
from minibroker.sim.trace import Trace


def find(trace: Trace) -> list[Finding]:
    """Every order that had an earlier step undone before a later one."""
    findings = []
    for order, saga in sagas(trace).items():
        for early, late in combinations(saga.steps, 2):
            first, then = saga.undone.get(early, ()), saga.undone.get(late, ())
            made = saga.made.get(late, ())
            if first and then and made and made[0] < first[0] < then[0]:
                sentence = (
                    f"the {early} of {order} was undone while its {late} still stood; the last "
                    "step is undone first"
                )
                found = Finding("compensation_out_of_order", sentence, (first[0], then[0]))
                findings.append(found)
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever undone."""
    return ready(trace)
