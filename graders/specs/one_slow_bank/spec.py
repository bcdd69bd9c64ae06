"""The experiment of lesson 01: two workers, six orders, and a bank that takes its time.

Goal: the learner sees how a broker deals messages out, and what a prefetch changes in it.
Non-goals: orders that fail (the experiments `passed_around` and `all_in_hand`).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

QUEUE = "orders"
OPENS = 1.0


def scenario(stage: Stage) -> None:
    """Six orders at once; the bank of the first takes 20 s to answer."""
    stage.queue(QUEUE)
    stage.retries(Retries(QUEUE, "orders.dead", (), patience=5.0))
    stage.bank_slow("order-1", 20)
    for number, cents in enumerate((4200, 1700, 990, 2350, 810, 3300), 1):
        order = f"order-{number}"
        owes = Owes("charge", order, {"cents": cents})
        stage.publish(OPENS, QUEUE, {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="one_slow_bank",
    version=1,
    roles=(Role("worker", {"channel": "pika.channel", "payments": "payments"}, count=2),),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check("nobody_waits", 1, ("starvation",), "no order waits for the slow bank"),
    ),
    budget=Budget(effects=80, together=3_000),
    lesson="01_point_to_point",
)
