"""The experiment of lesson 19: a card is charged and the answer gets lost.

Goal: the learner sees what becomes of an order whose charge times out when the timeout is taken for
a no, and when it is asked again. Non-goals: compensations that fail, crashes in them, two
orchestrators (the experiment `no_carrier`).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Stage

STEPS = {"reservation": {"items": 1}, "charge": {"cents": 4200}, "shipment": {}}


def scenario(stage: Stage) -> None:
    """Two orders: the charge of the first is not answered, the card of the second is declined."""
    stage.queue("orders")
    text = "the gateway did not answer in time; whether the card was charged is not known"
    stage.unanswered("payments", "order-1", "PaymentTimeout", text)
    stage.refuses("payments", "order-2", "CardDeclined", "the bank declines the card of order-2")
    for order, refused in (("order-1", ""), ("order-2", "charge")):
        stage.saga(1.0, "orders", {"id": order, "items": 1, "cents": 4200}, STEPS, refused)


SPEC = Spec(
    name="charge_without_answer",
    version=1,
    roles=(
        Role(
            "orchestrator",
            {
                "channel": "pika.channel",
                "payments": "payments",
                "stock": "stock",
                "shipping": "shipping",
            },
        ),
    ),
    scenario=scenario,
    checks=(
        Check("whole", 1, ("missing_compensation",), "every order is wholly done or wholly undone"),
        Check(
            "cause",
            1,
            ("compensation_without_cause",),
            "an order is undone only when a service refuses it for good",
        ),
    ),
    budget=Budget(effects=80, together=4_000, endless=400),
    lesson="19_saga",
)
