"""An experiment of lesson 13: two orders of ada and one of grace on a FIFO queue.

Goal: the learner sees what a message group decides: who waits for whom. Non-goals: dead letters,
batches that fail in part.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

ORDERS = (("order-1", "ada", 4200), ("order-2", "grace", 1700), ("order-3", "ada", 900))


def scenario(stage: Stage) -> None:
    """A checkout lies in the database; ada's bank is away, for her first order longer."""
    stage.aws()
    stage.retries(Retries("orders.fifo", "orders-dead.fifo", (), patience=5.0))
    stage.bank_away("order-1", until=11.0)
    stage.bank_away("order-3", until=5.0)
    orders = [{"id": name, "customer": who, "cents": cents} for name, who, cents in ORDERS]
    owes = [Owes("charge", name, {"cents": cents}) for name, _, cents in ORDERS]
    stage.row(0.0, "checkouts", "checkout-1", {"orders": orders}, owes)  # type: ignore[dict-item]
    stage.in_order("charge", ["order-1", "order-3"])


SPEC = Spec(
    name="two_customers",
    version=1,
    roles=(
        Role("topology", {"sqs": "sqs"}, spared=True),
        Role("sender", {"sqs": "sqs", "database": "database"}, starts=1.0, spared=True),
        Role("worker", {"sqs": "sqs", "payments": "payments"}, starts=2.0),
    ),
    scenario=scenario,
    checks=(
        Check("in_order", 1, ("reordered",), "ada's orders are charged as they came"),
        Check("no_waiting", 1, ("starvation",), "grace does not wait for ada's bank"),
        Check("charged", 1, ("lost_message",), "all three are charged"),
    ),
    budget=Budget(effects=100, together=4_000),
    lesson="13_sqs_sns",
)
