"""Bug hunt: a biller that commits when its partitions are taken.

Goal: the learner sees what ``commit()`` in ``on_revoke`` commits (what was polled), and mends it so
that the orders in hand are neither lost nor charged twice. Non-goals: cooperative rebalances and
partitions that are lost; the exercise rebalancing has both.

Three orders are charged before the second biller joins. Three more come just after it has, one for
each partition: the first biller has them in its list when it is told. One comes at the end.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

ORDERS = "orders"
JOINS = 12.5
IN_HAND = JOINS + 0.2
"""When the orders come that are in the first biller's hands at the rebalance."""


def scenario(stage: Stage) -> None:
    """Seven orders on three partitions."""
    stage.topic(ORDERS, partitions=3)
    times = [5.0] * 3 + [IN_HAND] * 3 + [JOINS + 12]
    for n, time in enumerate(times):
        order, cents = f"order-{n + 1}", stage.chance.randrange(500, 9_900)
        stage.produce(
            time + n % 3 / 10,
            ORDERS,
            {"id": order, "cents": cents},
            key=order,
            partition=n % 3,
            owes=Owes("charge", order, {"cents": cents}),
        )


SPEC = Spec(
    name="handover",
    version=1,
    roles=(
        Role(
            "biller",
            {"bootstrap_servers": "kafka", "payments": "payments"},
            count=2,
            stagger=JOINS,
        ),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 4, ("lost_message",), "every order is charged, whoever has it"),
        Check("charged_once", 3, ("duplicate_effect",), "no order is charged twice"),
        Check("all_committed", 3, ("stuck",), "the group's offsets come to the end of the topic"),
    ),
    budget=Budget(effects=300, schedules=150, together=20_000, endless=1_000),
    lesson="10_rebalancing",
)
