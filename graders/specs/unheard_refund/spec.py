"""A bug hunt of lesson 13: a queue that listens to one topic more.

Goal: the learner sees that a queue's policy is replaced by the next one, that nobody tells the
publisher, and mends it for any number of topics. Non-goals: leases, dead letters, filters.

The shop publishes to three topics. The mailer's queue listens to all of them, the stock's queue to
two. Each order owes an e-mail, and a cancelled one or a new one moves the stock.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """One message to each topic, and a second order at the end."""
    stage.aws()
    first = stage.chance.randrange(1, 90)
    topics = ("order-events", "cancel-events", "refund-events", "order-events")
    for n, topic in enumerate(topics):
        order = f"order-{first + n}"
        owes = [Owes("email", order)]
        items = stage.chance.randrange(1, 9)
        if topic != "refund-events":
            owes.append(Owes("reservation", order, {"items": items}))
        stage.notify(3.0 + n, topic, {"id": order, "items": items}, owes)


SPEC = Spec(
    name="unheard_refund",
    version=1,
    roles=(
        Role("topology", {"sqs": "sqs", "sns": "sns"}, spared=True),
        Role("mailer", {"sqs": "sqs", "mail": "mail"}, starts=1.0),
        Role("stock_keeper", {"sqs": "sqs", "stock": "stock"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("all_heard", 4, ("lost_message",), "each service hears of all that it listens to"),
        Check("nothing_else", 2, ("duplicate_effect",), "and of nothing else, and acts once"),
        Check("all_read", 2, ("stuck",), "every message is read"),
    ),
    budget=Budget(effects=200, together=8_000),
    lesson="13_sqs_sns",
)
