"""The experiment of lesson 02: a publisher whose event no queue is bound to.

Goal: the learner sees that a confirm says nothing about routing, and that `mandatory` does.
Non-goals: publishing and writing a row in one step (lesson 18).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

UNROUTED = "events.unrouted"


def scenario(stage: Stage) -> None:
    """One order is cancelled, as a row of a table tells, and the support desk is to hear of it."""
    stage.queue(UNROUTED)
    stage.support_desk(UNROUTED, ("order-3",), opens=10.0)
    stage.row(0.5, "cancelled", "order-3", {"country": "de"}, Owes("ticket", "order-3"))


SPEC = Spec(
    name="nobody_listens",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("publisher", {"channel": "pika.channel", "database": "database"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(Check("nothing_lost", 1, ("lost_message",), "the support desk hears of the order"),),
    budget=Budget(effects=60, together=3_000),
    lesson="02_publish_subscribe",
)
