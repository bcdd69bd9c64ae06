"""The experiment of lesson 11: one biller charges each order and writes an invoice for it.

Goal: the learner sees what an idempotent producer, a transaction without the offsets, one that is
aborted and not gone back for, and a whole one do when anything fails. Non-goals: zombies (the
experiment `two_billers`), who reads the invoices (`early_mail`).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, record_in

OPENS = 4.0


def scenario(stage: Stage) -> None:
    """Two orders, a second apart. Each owes a charge and an invoice."""
    stage.topic("orders")
    stage.topic("invoices")
    for n, cents in enumerate((4200, 1700)):
        order = f"order-{n + 1}"
        stage.produce(
            OPENS + n,
            "orders",
            {"id": order, "cents": cents},
            key=order,
            owes=(Owes("charge", order, {"cents": cents}), Owes(record_in("invoices"), order)),
        )


SPEC = Spec(
    name="one_biller",
    version=1,
    roles=(Role("biller", {"bootstrap_servers": "kafka", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check(
            "once",
            1,
            ("lost_message", "duplicate_effect"),
            "every order is charged once and invoiced once",
        ),
        Check("nothing_left", 1, ("stuck",), "every order is done with in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause"),
    budget=Budget(effects=150, together=10_000, endless=600),
    lesson="11_exactly_once",
)
