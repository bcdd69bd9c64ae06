"""Carry an order through three services, or undo all of it.

Goal: the learner builds a durable saga on RabbitMQ and a database. Each order takes three steps in
three services, each with a compensation. Whatever fails, an order ends wholly done or wholly
undone; a step whose outcome is unknown is neither forgotten nor done twice; a compensation is
repeated until it has happened, and happens once. Non-goals: isolation between sagas, waits that are
longer than a worker may hold a message, a saga without a coordinator (the lesson shows one).

Two orchestrators take from the queue `orders`. Of the four orders one is plain; the card of one is
declined; the shipment of one is booked and the answer gets lost; the charge of one is made and the
answer gets lost, then no carrier takes it, and the gateway is away when it is to be refunded.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Stage

QUEUE = "orders"
OPENS = 1.0
"""When the shop opens; by then both orchestrators run."""
AWAY = 10.0
"""For how long the gateway refunds nothing, in seconds."""


def scenario(stage: Stage) -> None:
    """Four orders: one plain, one whose card is declined, one whose booking is not answered, one
    that no carrier takes."""
    stage.queue(QUEUE)
    first = stage.chance.randrange(1, 90)
    plain, broke, unsure, far = (f"order-{first + n}" for n in range(4))
    stage.unanswered(
        "shipping", unsure, "ServiceTimeout",
        "the shipping service did not answer book in time; whether it was done is not known",
    )  # fmt: skip
    stage.unanswered(
        "payments", far, "PaymentTimeout",
        "the gateway did not answer in time; whether the card was charged is not known",
    )  # fmt: skip
    stage.refuses("shipping", far, "NoCarrier", f"no carrier goes where {far} is to go")
    stage.cannot_undo(
        "payments", far, OPENS + AWAY, "GatewayUnavailable",
        "the gateway cannot be reached; nothing was refunded",
    )  # fmt: skip
    stage.refuses("payments", broke, "CardDeclined", f"the bank declines the card of {broke}")
    _order(stage, OPENS, plain)
    _order(stage, OPENS + 0.1, broke, "charge")
    _order(stage, OPENS + 0.2, unsure)
    _order(stage, OPENS + 0.3, far, "shipment")


def _order(stage: Stage, at: float, order: str, refused: str = "") -> None:
    cents, items = stage.chance.randrange(500, 9_900), stage.chance.randrange(1, 5)
    steps = {"reservation": {"items": items}, "charge": {"cents": cents}, "shipment": {}}
    stage.saga(at, QUEUE, {"id": order, "cents": cents, "items": items}, steps, refused)


SPEC = Spec(
    name="saga",
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
            restarts=25,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "happy_path",
            2,
            ("missing_compensation", "lost_message", "duplicate_effect"),
            "when no process fails, every order ends wholly done or wholly undone",
            within="fault_free",
        ),
        Check(
            "all_or_nothing",
            5,
            ("missing_compensation", "lost_message"),
            "the same holds whatever fails",
        ),
        Check(
            "no_early_end",
            3,
            ("compensation_without_cause",),
            "an order is undone only when a service refuses it for good",
        ),
        Check(
            "once",
            4,
            ("duplicate_effect", "double_compensation"),
            "nothing is done twice, and nothing is undone twice",
        ),
        Check(
            "in_reverse",
            2,
            ("compensation_out_of_order",),
            "what is undone is undone in reverse: the last step first",
        ),
        Check("comes_to_rest", 2, ("stuck",), "every message is settled in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=500, schedules=500, pairs=20, together=80_000, endless=3_000),
    lesson="19_saga",
)
