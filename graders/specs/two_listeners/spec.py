"""The experiment of lesson 02: three events, and two parties that want to know of each.

Goal: the learner sees that an exchange copies into queues and a queue shares out among consumers,
and who keeps an event while a subscriber is away. Non-goals: routing keys (`who_wants_what`), the
broker's restart (`after_the_restart`).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

OPENS = 5.0


def scenario(stage: Stage) -> None:
    """Three orders are placed, 0.4 s apart."""
    for number, cents in enumerate((4200, 1700, 990), 1):
        order = f"order-{number}"
        owes = (Owes("charge", order, {"cents": cents}), Owes("email", order))
        at = OPENS + 0.4 * (number - 1)
        stage.announce(at, "events", "order.placed", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="two_listeners",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("billing", {"channel": "pika.channel", "payments": "payments"}, starts=1.0),
        Role("mailer", {"channel": "pika.channel", "mail": "mail"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(Check("everybody", 1, ("lost_message",), "every order is charged and mailed"),),
    budget=Budget(effects=80, together=3_000),
    lesson="02_publish_subscribe",
)
