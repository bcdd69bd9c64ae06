"""The experiment of lesson 14: orders are pushed to a list.

Goal: the learner sees that a pop forgets, and that what is read and deleted later takes along what
came between. Non-goals: a reaper for a list of orders in hand.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """Two orders, and a third one while the worker is at the first."""
    for number, (at, cents) in enumerate(((2.0, 4200), (2.0, 1700), (2.0055, 900)), 1):
        order = f"order-{number}"
        owes = Owes("charge", order, {"cents": cents})
        stage.push(at, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="listed_orders",
    version=1,
    roles=(Role("worker", {"r": "redis.text", "payments": "payments"}, starts=1.0),),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check("nothing_left", 1, ("stuck",), "nobody is left holding an order"),
    ),
    budget=Budget(effects=150, together=2_000, endless=300),
    lesson="14_redis_streams",
)
