"""An experiment of lesson 13: one of three messages is no JSON.

Goal: the learner sees what a redrive policy does, and what SQS says to attributes that it does not
have. Non-goals: leases, batches.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage


def scenario(stage: Stage) -> None:
    """Two good orders and a torn one between them."""
    stage.aws()
    stage.retries(Retries("orders", "orders-dead", (), patience=60.0))
    _order(stage, "order-1", 4200)
    stage.send(2.0, "orders", '{"id": "order-2", "ce', Owes("dead letter", "order-2"))
    _order(stage, "order-3", 1700)


def _order(stage: Stage, order: str, cents: int) -> None:
    owes = Owes("charge", order, {"cents": cents})
    stage.send(2.0, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="one_torn_message",
    version=1,
    roles=(
        Role("topology", {"sqs": "sqs"}, restarts=0, spared=True),
        Role("worker", {"sqs": "sqs", "payments": "payments"}, restarts=0, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check("put_away", 1, ("stuck",), "the order that cannot be read is put away"),
    ),
    budget=Budget(effects=60, together=4_000, endless=300),
    lesson="13_sqs_sns",
)
