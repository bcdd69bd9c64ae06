"""The experiment of lesson 19: no carrier takes an order, and its refund fails at first.

Goal: the learner sees what a saga on its way back needs: compensations that are repeated, a memory
that outlives the process, and keys. Non-goals: timeouts on the way forward (the experiment
`charge_without_answer`), orders that go through.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Stage

STEPS = {"reservation": {"items": 1}, "charge": {"cents": 4200}, "shipment": {}}


def scenario(stage: Stage) -> None:
    """One order; the gateway refunds nothing during the first three seconds."""
    stage.queue("orders")
    stage.refuses("shipping", "order-1", "NoCarrier", "no carrier goes where order-1 is to go")
    text = "the gateway cannot be reached; nothing was refunded"
    stage.cannot_undo("payments", "order-1", 4.0, "GatewayUnavailable", text)
    stage.saga(1.0, "orders", {"id": "order-1", "items": 1, "cents": 4200}, STEPS, "shipment")


SPEC = Spec(
    name="no_carrier",
    version=1,
    roles=(
        Role(
            "orchestrator",
            {
                "channel": "pika.channel",
                "database": "database",
                "payments": "payments",
                "stock": "stock",
                "shipping": "shipping",
            },
            count=2,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "whole",
            1,
            ("missing_compensation", "lost_message"),
            "the order is wholly done or wholly undone",
        ),
        Check("once", 1, ("double_compensation",), "nothing is undone twice"),
    ),
    faults=("crash", "pause"),
    budget=Budget(effects=120, together=8_000, endless=600),
    lesson="19_saga",
)
