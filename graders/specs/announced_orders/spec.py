"""The experiment of lesson 14: orders are published on a channel, and are in a table besides.

Goal: the learner sees that pub/sub hands a message to who listens now, and to nobody later, and
that it is a good doorbell for what is kept elsewhere: each order is a row of a table, too.
Non-goals: sharded pub/sub, keyspace notifications.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """Three orders, a second apart."""
    for number, cents in ((1, 4200), (2, 1700), (3, 900)):
        order = f"order-{number}"
        owes = Owes("charge", order, {"cents": cents})
        stage.row(1.0 + number, "orders", order, {"cents": cents})
        stage.broadcast(1.0 + number, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="announced_orders",
    version=1,
    roles=(
        Role(
            "worker",
            {"r": "redis.text", "payments": "payments", "database": "database"},
            starts=1.0,
        ),
    ),
    scenario=scenario,
    checks=(Check("nothing_lost", 1, ("lost_message",), "no order is lost"),),
    budget=Budget(effects=60, together=2_000, endless=300),
    lesson="14_redis_streams",
)
