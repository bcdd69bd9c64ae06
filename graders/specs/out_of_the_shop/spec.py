"""The experiment of lesson 04: two orders on their way from a table to a topic.

Goal: the learner sees that `produce` sends nothing, and what a process that ends or dies takes
along. Non-goals: who reads the topic; order.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, record_in
from minibroker.sim.values import Value


def scenario(stage: Stage) -> None:
    """Both orders are there when the storefront starts."""
    stage.topic("orders")
    for order, customer, cents in (("order-1", "ada", 4200), ("order-2", "bob", 1700)):
        row: dict[str, Value] = {"id": order, "customer": customer, "cents": cents}
        stage.row(0.0, "placed", order, row, Owes(record_in("orders"), order))


SPEC = Spec(
    name="out_of_the_shop",
    version=1,
    roles=(Role("storefront", {"bootstrap_servers": "kafka", "database": "database"}, starts=1.0),),
    scenario=scenario,
    checks=(Check("published", 1, ("lost_message",), "both orders are in the topic"),),
    budget=Budget(effects=60, together=3_000),
    lesson="04_event_streaming",
)
