"""The experiment of lesson 14: orders are added to a stream, which two workers of a group read.

Goal: the learner sees what is pending after a crash, who takes it over, and what two workers do
that both have it. Non-goals: the exercise `redis_streams` asks for more.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """Two orders at once, for a group that is there."""
    stage.redis("XGROUP", "CREATE", "orders", "billing", "0", "MKSTREAM")
    for number, cents in ((1, 4200), (2, 1700)):
        order = f"order-{number}"
        owes = Owes("charge", order, {"cents": cents})
        stage.add(2.0, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="streamed_orders",
    version=1,
    roles=(
        Role(
            "worker",
            {"r": "redis.text", "payments": "payments", "name": "name"},
            count=2,
            starts=1.0,
            stagger=0.1,
        ),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "no order is lost"),
        Check("charged_once", 1, ("duplicate_effect",), "no order is charged twice"),
        Check("all_acked", 1, ("stuck",), "every entry is acked in the end"),
    ),
    faults=("crash", "pause"),
    budget=Budget(effects=120, together=3_000, endless=300),
    lesson="14_redis_streams",
)
