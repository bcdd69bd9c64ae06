"""The experiment of lesson 01: a torn order ends its worker, with three good orders in hand.

Goal: the learner sees that all that a worker holds comes back when it dies, and that a quorum queue
counts it as a failure of each. Non-goals: two workers, orders that fail for a while.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

DEAD = "orders.dead"
OPENS = 2.0


def scenario(stage: Stage) -> None:
    """A torn order, and three good ones behind it."""
    stage.retries(Retries("orders", DEAD, (), patience=60.0))
    stage.publish(OPENS, "orders", b'{"id": "order-1", "ce', Owes("dead letter", "order-1"))
    for number, cents in enumerate((1700, 990, 2350), 2):
        order = f"order-{number}"
        owes = Owes("charge", order, {"cents": cents})
        stage.publish(OPENS, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="all_in_hand",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role(
            "worker", {"channel": "pika.channel", "payments": "payments"}, restarts=10, starts=1.0
        ),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check("good_ones", 1, ("given_up_early",), "no good order becomes a dead letter"),
    ),
    budget=Budget(effects=80, together=3_000),
    lesson="01_point_to_point",
)
