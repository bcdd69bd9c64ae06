"""The experiment of lesson 04: three orders in one partition, and the bank of the first is away.

Goal: the learner sees what each way of committing does to the order that failed, with and without
a crash. Non-goals: producing, keys, several members.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value


def scenario(stage: Stage) -> None:
    """The bank is away for the consumer's first nine seconds."""
    stage.topic("orders")
    stage.bank_away("order-1", until=12.0)
    for order, cents in (("order-1", 4200), ("order-2", 1700), ("order-3", 990)):
        value: dict[str, Value] = {"id": order, "cents": cents}
        stage.produce(1.0, "orders", value, Owes("charge", order, {"cents": cents}))
    stage.in_order("charge", ["order-1", "order-2", "order-3"])


SPEC = Spec(
    name="one_bank_away",
    version=1,
    roles=(Role("fulfilment", {"bootstrap_servers": "kafka", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("charged", 1, ("lost_message",), "every order is charged"),
        Check("not_skipped", 1, ("skipped_offset",), "no commit passes what is not done"),
        Check("charged_once", 1, ("duplicate_effect",), "no order is charged twice"),
        Check("in_order", 1, ("reordered",), "the orders are charged as they came"),
    ),
    budget=Budget(effects=150, together=8_000),
    lesson="04_event_streaming",
)
