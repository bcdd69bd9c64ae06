"""A bug hunt of lesson 13: a checkout of six orders, one of which SQS does not take.

Goal: the learner sees that a batch can fail in part without an exception, tells the failures that
pass from those that do not (`SenderFault`), and loses neither. Non-goals: leases, dead letters.

The queue takes messages of up to 1,024 bytes. One order has a long note on its gift card. A clerk
reads the table `too_long`, so that order owes a row there, and the others owe their charges.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, row_in

ORDERS = 6
MOST_BYTES = 1024


def scenario(stage: Stage) -> None:
    """One row with six orders."""
    stage.sqs_queue("orders", {"MaximumMessageSize": str(MOST_BYTES)})
    long = stage.chance.randrange(2, ORDERS)
    orders: list[dict[str, object]] = []
    owes = []
    for number in range(1, ORDERS + 1):
        order, cents = f"order-{number}", stage.chance.randrange(500, 9_900)
        note = "Happy birthday! " * 80 if number == long else "Happy birthday!"
        orders.append({"id": order, "cents": cents, "note": note})
        if number == long:
            owes.append(Owes(row_in("too_long"), order))
        else:
            owes.append(Owes("charge", order, {"cents": cents}))
    stage.row(0.0, "checkouts", "checkout-1", {"orders": orders}, owes)  # type: ignore[dict-item]


SPEC = Spec(
    name="half_a_batch",
    version=1,
    roles=(
        Role("sender", {"sqs": "sqs", "database": "database"}, starts=1.0),
        Role("worker", {"sqs": "sqs", "payments": "payments"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 4, ("lost_message",), "every order is charged or with the clerk"),
        Check("charged_once", 2, ("duplicate_effect",), "no order is charged twice"),
        Check("comes_to_rest", 2, ("stuck",), "the sender and the worker come to rest"),
    ),
    faults=("crash", "definite", "indefinite"),
    budget=Budget(effects=150, together=8_000),
    lesson="13_sqs_sns",
)
