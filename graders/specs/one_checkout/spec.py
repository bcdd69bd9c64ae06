"""An experiment of lesson 13: three orders in one batch, one of which fails.

Goal: the learner sees that a batch may fail in part, and that only its answer says so. Non-goals:
leases, dead letters.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """A checkout lies in the database."""
    stage.sqs_queue("orders")
    orders = [{"id": f"order-{n}", "cents": 100 * n} for n in (1, 2, 3)]
    owes = [Owes("charge", f"order-{n}", {"cents": 100 * n}) for n in (1, 2, 3)]
    stage.row(0.0, "checkouts", "checkout-1", {"orders": orders}, owes)  # type: ignore[dict-item]


SPEC = Spec(
    name="one_checkout",
    version=1,
    roles=(
        Role("sender", {"sqs": "sqs", "database": "database"}, starts=1.0),
        Role("worker", {"sqs": "sqs", "payments": "payments"}, starts=2.0, spared=True),
    ),
    scenario=scenario,
    checks=(Check("nothing_lost", 1, ("lost_message",), "no order of the checkout is lost"),),
    faults=("crash", "definite", "indefinite"),
    budget=Budget(effects=100, together=4_000),
    lesson="13_sqs_sns",
)
