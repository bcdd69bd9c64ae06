"""Bug hunt: a subscriber that is told of everything while it listens.

Goal: the learner sees that a subscription is a queue, which has to outlive its subscriber, and that
the exchange has to outlive the broker's process. Non-goals: routing keys, several subscribers.

A shop publishes its orders to the exchange `events`: persistent, and without looking at any answer.
A mailer thanks for each. Between the first orders and the last ones the broker is restarted, and
some orders come before the mailer is there again.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

EXCHANGE = "events"
MANY = 6
OPENS = 5.0
"""When the first order comes. The mailer starts at one second, so it has been there, even when it
crashed once."""
RESTART = OPENS + 2


def scenario(stage: Stage) -> None:
    """Two orders, the restart, one to three right after it, and the rest when all is well again."""
    meanwhile = stage.chance.randrange(1, 4)
    first = stage.chance.randrange(1, 90)
    moments = [OPENS, OPENS + 1]
    moments += [RESTART + 0.2 * (n + 1) for n in range(meanwhile)]
    moments += [RESTART + 4 + n for n in range(MANY - len(moments))]
    for number, at in enumerate(moments):
        order = f"order-{first + number}"
        stage.announce(at, EXCHANGE, "placed", {"id": order}, Owes("email", order))
    stage.restart_broker(RESTART)


SPEC = Spec(
    name="missed_event",
    version=1,
    roles=(Role("mailer", {"channel": "pika.channel", "mail": "mail"}, starts=1.0),),
    scenario=scenario,
    checks=(
        Check("everybody_thanked", 4, ("lost_message",), "there is a mail for every order"),
        Check("thanked_once", 2, ("duplicate_effect",), "nobody gets two mails for one order"),
        Check("queue_drained", 2, ("stuck",), "every message is settled in the end"),
    ),
    budget=Budget(effects=150, together=3_000),
    lesson="02_publish_subscribe",
)
