"""The experiment of lesson 11: a mailer reads what a biller writes in transactions.

Goal: the learner sees an e-mail for an invoice that is not committed, and a reader that waits for
the decision. Non-goals: zombies, the offsets of the biller.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, record_in
from minibroker.sim.values import Value

OPENS = 4.0


def scenario(stage: Stage) -> None:
    """One order, which owes an invoice and an e-mail. Two seconds later somebody else writes the
    invoice of a second one, for which only the e-mail is owed."""
    stage.topic("orders")
    stage.topic("invoices")
    order: dict[str, Value] = {"id": "order-1", "cents": 4200}
    owes = (Owes(record_in("invoices"), "order-1"), Owes("email", "order-1"))
    stage.produce(OPENS, "orders", order, owes, key="order-1")
    other: dict[str, Value] = {"id": "order-2", "cents": 1700}
    stage.produce(OPENS + 2, "invoices", other, Owes("email", "order-2"), key="order-2")


SPEC = Spec(
    name="early_mail",
    version=1,
    roles=(
        Role("biller", {"bootstrap_servers": "kafka"}),
        Role("mailer", {"bootstrap_servers": "kafka", "mail": "mail"}),
    ),
    scenario=scenario,
    checks=(
        Check(
            "committed_only",
            1,
            ("dirty_read",),
            "no e-mail is sent for an invoice that is not committed",
        ),
        Check(
            "once",
            1,
            ("lost_message", "duplicate_effect"),
            "every order is invoiced once and mailed once",
        ),
    ),
    faults=("crash", "pause"),
    budget=Budget(effects=200, together=10_000, endless=600),
    lesson="11_exactly_once",
)
