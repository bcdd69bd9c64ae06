"""The experiment of lesson 02: the broker restarts between two events.

Goal: the learner sees that the exchange, the queue and the message each have a durability of their
own. Non-goals: subscribers that are away (`two_listeners`).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

OPENS = 5.0


def scenario(stage: Stage) -> None:
    """An order before the restart, and one long after it."""
    for at, order, cents in ((OPENS, "order-1", 4200), (OPENS + 5, "order-2", 1700)):
        owes = Owes("charge", order, {"cents": cents})
        stage.announce(at, "events", "order.placed", {"id": order, "cents": cents}, owes)
    stage.restart_broker(OPENS + 2)


SPEC = Spec(
    name="after_the_restart",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("billing", {"channel": "pika.channel", "payments": "payments"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(Check("nothing_lost", 1, ("lost_message",), "every order is charged"),),
    budget=Budget(effects=60, together=3_000),
    lesson="02_publish_subscribe",
)
