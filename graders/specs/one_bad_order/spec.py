"""The experiment of lesson 07: one of three orders is no JSON.

Goal: the learner sees what each way of giving back a poison message does to it and to the others.
Non-goals: retries with delay (the experiment `bank_away`), crashes of the topology.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

DEAD = "orders.dead"


def scenario(stage: Stage) -> None:
    """Two good orders and a torn one between them."""
    stage.retries(Retries("orders", DEAD, (), patience=60.0))
    _order(stage, "order-1", 4200)
    stage.publish(2.0, "orders", b'{"id": "order-2", "ce', Owes("dead letter", "order-2"))
    _order(stage, "order-3", 1700)


def _order(stage: Stage, order: str, cents: int) -> None:
    owes = Owes("charge", order, {"cents": cents})
    stage.publish(2.0, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="one_bad_order",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("worker", {"channel": "pika.channel", "payments": "payments"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check(
            "put_away",
            1,
            ("stuck", "dead_letter_without_cause"),
            "the order that cannot be read is put away with its cause",
        ),
    ),
    budget=Budget(effects=60, together=3_000, endless=300),
    lesson="07_dead_letter_queue",
)
