"""Double compensation: what was done once was undone twice.

Example: the orchestrator refunds order-1, crashes before it has written that down, is started
again, and refunds it once more::

    SagaOwed(subject="order-1", steps=["reservation", "charge", "shipment"])
    SideEffect(kind="charge")  Compensated(kind="charge", by="refund")  Crashed()
    Compensated(kind="charge", by="refund")

A compensation that an idempotency key turned away is none: nothing happened. What was done twice
may be undone twice; that it was done twice is a duplicate effect.
"""

from graders.judges import Finding
from graders.judges.sagas import ready, sagas
from minibroker.sim.trace import Compensated, Trace


def find(trace: Trace) -> list[Finding]:
    """Every step that was undone more often than it had been done."""
    findings = []
    for order, saga in sagas(trace).items():
        for step, undone in saga.undone.items():
            if len(undone) <= max(1, len(saga.made.get(step, ()))):
                continue
            events = [trace.events[position] for position in undone]
            who = ", then ".join(
                f"by {event.who} at {event.at / 1e6:.3f} s"
                for event in events
                if isinstance(event, Compensated)
            )
            times = {2: "twice"}.get(len(undone), f"{len(undone)} times")
            sentence = f"the {step} of {order} was undone {times}: {who}"
            findings.append(Finding("double_compensation", sentence, tuple(undone)))
    return findings


def unshown(trace: Trace) -> str:
    """Nothing is shown when nothing was ever undone."""
    return ready(trace)
