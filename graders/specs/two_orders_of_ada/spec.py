"""The experiment of lesson 04: two orders of one customer and a group of two.

Goal: the learner sees what the key of a record decides: who waits for whom. Non-goals: crashes of
the storefront, commits.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value


def scenario(stage: Stage) -> None:
    """One order before each run of the storefront; the bank of the first is away."""
    stage.topic("orders", partitions=3)
    stage.bank_away("order-1", until=12.0)
    for at, order, cents in ((0.0, "order-1", 4200), (2.0, "order-2", 1700)):
        row: dict[str, Value] = {"id": order, "customer": "ada", "cents": cents}
        stage.row(at, "placed", order, row, Owes("charge", order, {"cents": cents}))
    stage.in_order("charge", ["order-1", "order-2"])


SPEC = Spec(
    name="two_orders_of_ada",
    version=1,
    roles=(
        Role(
            "storefront",
            {"bootstrap_servers": "kafka", "database": "database"},
            count=2,
            starts=1.0,
            stagger=7.0,
        ),
        Role("fulfilment", {"bootstrap_servers": "kafka", "payments": "payments"}, count=2),
    ),
    scenario=scenario,
    checks=(
        Check("charged", 1, ("lost_message",), "both orders are charged"),
        Check("in_order", 1, ("reordered",), "they are charged as they were placed"),
    ),
    budget=Budget(effects=200, together=10_000),
    lesson="04_event_streaming",
)
