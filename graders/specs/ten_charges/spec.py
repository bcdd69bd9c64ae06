"""An experiment of lesson 13: ten orders, and a bank that takes 4 s for each.

Goal: the learner sees that ten messages that were received together share the end of one lease.
Non-goals: errors, batches that fail in part.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage


def scenario(stage: Stage) -> None:
    """Ten orders are in the queue when the workers start."""
    stage.takes("payments", 4.0)
    stage.retries(Retries("orders", "orders-dead", (), patience=60.0))
    dead = stage.sqs_queue("orders-dead").rpartition("/")[2]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{dead}"
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 3}}'
    stage.sqs_queue("orders", {"RedrivePolicy": policy})
    for number in range(1, 11):
        order, cents = f"order-{number}", 100 * number
        owes = Owes("charge", order, {"cents": cents})
        stage.send(1.0, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="ten_charges",
    version=1,
    roles=(Role("worker", {"sqs": "sqs", "payments": "payments"}, count=2, starts=2.0),),
    scenario=scenario,
    checks=(
        Check("charged_once", 1, ("lost_message", "duplicate_effect"), "each is charged once"),
        Check(
            "lease",
            1,
            ("expired_lease",),
            "without faults, no order is worked on after its visibility timeout",
            within="fault_free",
        ),
    ),
    budget=Budget(effects=150, together=6_000),
    lesson="13_sqs_sns",
)
