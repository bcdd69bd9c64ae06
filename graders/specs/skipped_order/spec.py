"""Bug hunt: an order that failed, and the next one that succeeded.

Goal: the learner sees that a commit of what succeeded passes what failed before it in the
partition, and lets nothing pass it. Non-goals: producing, keys, several members, orders that can
never be charged.

Six orders stand in one partition, the last one comes late. The bank of one of them is away for a
few seconds, and two others at least come after it.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

ORDERS = 6
BACK = 8.0
"""When the bank is back, in seconds; the service reads from the third second on."""


def scenario(stage: Stage) -> None:
    """The shop's storefront has published five orders when the service begins."""
    stage.topic("orders")
    away = stage.chance.randrange(2, ORDERS - 1)
    stage.bank_away(f"order-{away}", until=BACK)
    names = [f"order-{number}" for number in range(1, ORDERS + 1)]
    for order in names:
        cents = stage.chance.randrange(500, 9_900)
        at = 10.0 if order == names[-1] else 1.0
        owes = Owes("charge", order, {"cents": cents})
        stage.produce(at, "orders", {"id": order, "cents": cents}, owes)
    stage.in_order("charge", names)


SPEC = Spec(
    name="skipped_order",
    version=1,
    roles=(Role("billing", {"bootstrap_servers": "kafka", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("nothing_skipped", 4, ("skipped_offset",), "no commit passes an order that failed"),
        Check("nothing_lost", 4, ("lost_message",), "every order is charged"),
        Check("charged_once", 2, ("duplicate_effect",), "no order is charged twice"),
        Check("in_order", 2, ("reordered",), "the orders are charged as they came"),
        Check("no_rest", 2, ("stuck",), "in the end every order is committed"),
    ),
    budget=Budget(effects=200, together=8_000),
    lesson="04_event_streaming",
)
