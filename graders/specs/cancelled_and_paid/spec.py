"""Bug hunt: a saga that says of every order that it was undone.

Goal: the learner reads an orchestrator that keeps its sagas in memory, leaves out a step that timed
out and passes over a compensation that failed, and mends all three. Non-goals: two orchestrators,
zombies, the order of compensations (the exercise `saga`).

Four orders come. The first goes through. The charge of the second is made and its answer gets
lost. The card of the third is declined. No carrier takes the fourth, and the gateway is away when
it is to be refunded.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Stage

QUEUE = "orders"
BACK = 6.0
"""When the gateway refunds again, in seconds; the orders come at 1 s."""


def scenario(stage: Stage) -> None:
    """One plain order, one whose charge is not answered, one whose card is declined, one that no
    carrier takes."""
    stage.queue(QUEUE)
    first = stage.chance.randrange(1, 90)
    plain, unsure, broke, far = (f"order-{first + n}" for n in range(4))
    text = "the gateway did not answer in time; whether the card was charged is not known"
    stage.unanswered("payments", unsure, "PaymentTimeout", text)
    stage.refuses("payments", broke, "CardDeclined", f"the bank declines the card of {broke}")
    stage.refuses("shipping", far, "NoCarrier", f"no carrier goes where {far} is to go")
    text = "the gateway cannot be reached; nothing was refunded"
    stage.cannot_undo("payments", far, BACK, "GatewayUnavailable", text)
    orders = ((plain, ""), (unsure, ""), (broke, "charge"), (far, "shipment"))
    for order, refused in orders:
        cents, items = stage.chance.randrange(500, 9_900), stage.chance.randrange(1, 5)
        steps = {"reservation": {"items": items}, "charge": {"cents": cents}, "shipment": {}}
        stage.saga(1.0, QUEUE, {"id": order, "cents": cents, "items": items}, steps, refused)


SPEC = Spec(
    name="cancelled_and_paid",
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
            restarts=12,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "all_or_nothing",
            5,
            ("missing_compensation", "lost_message"),
            "every order ends wholly done or wholly undone",
        ),
        Check(
            "no_early_end",
            2,
            ("compensation_without_cause",),
            "an order is undone only when a service refuses it for good",
        ),
        Check(
            "once",
            2,
            ("duplicate_effect", "double_compensation"),
            "nothing is done twice, and nothing is undone twice",
        ),
        Check("comes_to_rest", 1, ("stuck",), "every message is settled in the end"),
    ),
    budget=Budget(effects=120, together=6_000, endless=600),
    lesson="19_saga",
)
