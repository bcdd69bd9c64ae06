"""Make the charge happen once, although messages come twice.

Goal: the learner sees that a broker that loses nothing must redeliver, and makes the charge
safe to repeat. Non-goals: poison messages, retries with delay, two workers on one queue (they
come in later exercises).

Four orders arrive; the shop's own retry publishes one of them a second time, as a new message,
so the broker's `redelivered` flag says nothing about it.
"""

from graders.spec import Check, Role, Spec
from graders.stage import Owes, Stage

QUEUE = "orders"


def scenario(stage: Stage) -> None:
    """Four orders, one of them published twice, the last one late."""
    stage.queue(QUEUE)
    orders = [(f"order-{number}", stage.chance.randrange(500, 9_900)) for number in range(1, 5)]
    again = stage.chance.randrange(1, 3)
    arrivals = [*orders[:3], orders[again]]
    for order, cents in arrivals:
        _publish(stage, 0.0, order, cents)
    _publish(stage, 5.0, *orders[3])


def _publish(stage: Stage, at: float, order: str, cents: int) -> None:
    stage.publish(
        at, QUEUE, {"id": order, "cents": cents}, owes=Owes("charge", order, {"cents": cents})
    )


SPEC = Spec(
    name="at_least_once_worker",
    version=1,
    roles=(
        Role(
            "worker",
            {"channel": "pika.channel", "payments": "payments", "database": "database"},
        ),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 4, ("lost_message",), "every order that was taken is charged"),
        Check("charged_once", 4, ("duplicate_effect",), "no order is charged twice"),
        Check("queue_drained", 2, ("stuck",), "every message is settled in the end"),
    ),
    lesson="00_start_here",
)
