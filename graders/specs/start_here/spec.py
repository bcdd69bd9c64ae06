"""One order, one worker, one card: the smallest world in which a crash costs money.

Goal: the learner sees at-least-once delivery turn into a second charge, and an idempotency key
turn it back. Non-goals: everything else; the exercise at_least_once_worker asks for more.
"""

from graders.spec import Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """One order of 42.00."""
    stage.queue("orders")
    stage.publish(
        0.0,
        "orders",
        {"id": "order-1", "cents": 4200},
        owes=Owes("charge", "order-1", {"cents": 4200}),
    )


SPEC = Spec(
    name="start_here",
    version=1,
    roles=(Role("worker", {"channel": "pika.channel", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "the order that was taken is charged"),
        Check("charged_once", 1, ("duplicate_effect",), "the order is not charged twice"),
        Check("queue_drained", 1, ("stuck",), "the message is settled in the end"),
    ),
    lesson="00_start_here",
)
