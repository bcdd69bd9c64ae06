"""The experiment of lesson 11: a biller stands still until its group has given its partition away.

Goal: the learner sees a zombie commit when the group metadata says nothing, and be refused when it
says of which generation the consumer is (KIP-447). Non-goals: all that is no zombie.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, record_in

OPENS = 7.0


def scenario(stage: Stage) -> None:
    """One order on the only partition, so one of the two billers has nothing to do."""
    stage.topic("orders")
    stage.topic("invoices")
    for n, cents in enumerate((4200,)):
        order = f"order-{n + 1}"
        stage.produce(
            OPENS + n,
            "orders",
            {"id": order, "cents": cents},
            key=order,
            owes=(Owes(record_in("invoices"), order),),
        )


SPEC = Spec(
    name="two_billers",
    version=1,
    roles=(Role("biller", {"bootstrap_servers": "kafka", "name": "name"}, count=2),),
    scenario=scenario,
    checks=(
        Check("once", 1, ("lost_message", "duplicate_effect"), "every order is invoiced once"),
        Check("nothing_left", 1, ("stuck",), "every order is done with in the end"),
    ),
    faults=("pause",),
    budget=Budget(effects=150, together=10_000, endless=600),
    lesson="11_exactly_once",
)
