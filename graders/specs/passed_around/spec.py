"""The experiment of lesson 01: an order that no worker can read, and two workers.

Goal: the learner sees what requeue and reject do to such an order on a classic queue and on a
quorum queue. Non-goals: causes and attempts of dead letters, retries with delay (lesson 07).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

DEAD = "orders.dead"
OPENS = 2.0


def scenario(stage: Stage) -> None:
    """A torn order, and a good one behind it."""
    stage.retries(Retries("orders", DEAD, (), patience=60.0))
    stage.publish(OPENS, "orders", b'{"id": "order-1", "ce', Owes("dead letter", "order-1"))
    owes = Owes("charge", "order-2", {"cents": 1700})
    stage.publish(OPENS, "orders", {"id": "order-2", "cents": 1700}, owes)


SPEC = Spec(
    name="passed_around",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("worker", {"channel": "pika.channel", "payments": "payments"}, count=2, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check("comes_to_rest", 1, ("stuck",), "every message is settled in the end"),
    ),
    budget=Budget(effects=60, together=3_000, endless=300),
    lesson="01_point_to_point",
)
