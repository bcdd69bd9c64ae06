"""An experiment of lesson 13: a queue that listens to two topics.

Goal: the learner sees that a queue has one policy, which the next one replaces, and that what SNS
delivers is in an envelope. Non-goals: filters, dead letters.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """An order and a refund are published, and for both the customer is written to."""
    stage.aws()
    for at, topic, order in ((2.0, "order-events", "order-1"), (3.0, "refund-events", "order-2")):
        stage.notify(at, topic, {"id": order}, Owes("email", order))


SPEC = Spec(
    name="order_and_refund",
    version=1,
    roles=(
        Role("topology", {"sqs": "sqs", "sns": "sns"}, spared=True),
        Role("mailer", {"sqs": "sqs", "mail": "mail"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("written_to", 1, ("lost_message",), "both customers are written to"),
        Check("all_read", 1, ("stuck",), "every message is read"),
    ),
    budget=Budget(effects=80, together=4_000),
    lesson="13_sqs_sns",
)
