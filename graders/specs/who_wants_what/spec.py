"""The experiment of lesson 02: three routing keys, and patterns that let them through or do not.

Goal: the learner sees what `*` and `#` stand for, and where that goes which no pattern lets
through. Non-goals: subscribers that are away (`two_listeners`).
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

UNROUTED = "events.unrouted"
OPENS = 2.0


def scenario(stage: Stage) -> None:
    """A plain order, an express order, and one that is cancelled."""
    stage.queue(UNROUTED)
    stage.support_desk(UNROUTED, ("order-1", "order-2", "order-3"), opens=OPENS + 5)
    events = (
        ("order.placed.de", "order-1", 4200, ["charge"]),
        ("order.placed.fr.express", "order-2", 1700, ["charge", "shipment"]),
        ("order.cancelled.de", "order-3", 990, ["ticket"]),
    )
    for key, order, cents, kinds in events:
        owes = [Owes(kind, order, {"cents": cents} if kind == "charge" else {}) for kind in kinds]
        stage.announce(OPENS, "events", key, {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="who_wants_what",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("billing", {"channel": "pika.channel", "payments": "payments"}, starts=1.0),
        Role("courier", {"channel": "pika.channel", "shipping": "shipping"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("everybody", 1, ("lost_message",), "every event reaches all whom it concerns"),
        Check("nobody_else", 1, ("duplicate_effect",), "nobody acts on what does not concern him"),
    ),
    budget=Budget(effects=80, together=3_000),
    lesson="02_publish_subscribe",
)
