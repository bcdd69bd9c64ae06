"""Bug hunt: a transaction that holds the invoice and not the offset.

Goal: the learner sees that a transaction makes exactly once only of what is in it, puts the
consumer's offsets there, and tells an error that asks for an abort from one after which nothing can
be aborted. Non-goals: zombies, who reads the invoices, effects outside Kafka.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, record_in

ORDERS, INVOICES = "orders", "invoices"
OPENS = 4.0


def scenario(stage: Stage) -> None:
    """Three orders, a second apart. Each owes an invoice."""
    stage.topic(ORDERS)
    stage.topic(INVOICES)
    first = stage.chance.randrange(1, 90)
    for n in range(3):
        order, cents = f"order-{first + n}", stage.chance.randrange(500, 9_900)
        owes = Owes(record_in(INVOICES), order)
        stage.produce(OPENS + n, ORDERS, {"id": order, "cents": cents}, owes, key=order)


SPEC = Spec(
    name="second_invoice",
    version=1,
    roles=(Role("biller", {"bootstrap_servers": "kafka"}),),
    scenario=scenario,
    checks=(
        Check("invoiced_once", 4, ("duplicate_effect",), "no order is invoiced twice"),
        Check("nothing_lost", 4, ("lost_message",), "no order is passed by without an invoice"),
        Check("nothing_left", 2, ("stuck",), "every order is done with in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause"),
    budget=Budget(effects=150, together=10_000, endless=600),
    lesson="11_exactly_once",
)
