"""Tell everybody who wants to know, also who is away: a topic with durable subscribers.

Goal: the learner builds the topology of a topic exchange: every subscriber has a durable queue of
its own, patterns let through what each is to get, and nothing is dropped unseen. Non-goals: poison
messages, several workers of one subscriber, a publisher's confirms (the lesson shows them).

The shop publishes events to the exchange `events`, which the learner declares, with routing keys
such as ``order.placed.de``, ``order.placed.fr.express`` and ``order.cancelled.de``. Billing charges
every order that is placed, the courier books a shipment for every express order, and what nobody
has subscribed to goes to the shop's support desk, which opens a ticket for it. The broker is
restarted once.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

EXCHANGE, UNROUTED = "events", "events.unrouted"
OPENS = 5.0
"""When the shop opens; by then both subscribers have run, even when one crashed at once."""
COUNTRIES = ("de", "fr", "pl", "it", "es")
NOBODY_S = ("order.cancelled", "order.returned", "parcel.lost", "invoice.disputed")
"""What happens in a shop and nobody has subscribed to."""


def scenario(stage: Stage) -> None:
    """Six events in two waves. Between them the broker is restarted, and the second wave begins
    before a subscriber is there again."""
    stage.queue(UNROUTED)
    first = stage.chance.randrange(1, 90)
    orders = [f"order-{first + n}" for n in range(6)]
    one, other = stage.chance.sample(NOBODY_S, 2)
    stage.support_desk(UNROUTED, orders, opens=OPENS + 10)
    _placed(stage, OPENS, orders[0])
    _placed(stage, OPENS + 0.4, orders[1], ".express")
    _unheard(stage, OPENS + 0.8, orders[2], one)
    stage.restart_broker(OPENS + 3)
    _placed(stage, OPENS + 3.4, orders[3])
    _placed(stage, OPENS + 3.8, orders[4], ".express")
    _unheard(stage, OPENS + 4.2, orders[5], other)


def _placed(stage: Stage, at: float, order: str, express: str = "") -> None:
    cents = stage.chance.randrange(500, 9_900)
    owes = [Owes("charge", order, {"cents": cents})]
    if express:
        owes.append(Owes("shipment", order))
    key = f"order.placed.{stage.chance.choice(COUNTRIES)}{express}"
    stage.announce(at, EXCHANGE, key, {"id": order, "cents": cents}, owes)


def _unheard(stage: Stage, at: float, order: str, what: str) -> None:
    key = f"{what}.{stage.chance.choice(COUNTRIES)}"
    stage.announce(at, EXCHANGE, key, {"id": order}, Owes("ticket", order))


SPEC = Spec(
    name="publish_subscribe",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role(
            "billing",
            {"channel": "pika.channel", "payments": "payments"},
            restarts=10,
            starts=1.0,
        ),
        Role(
            "courier",
            {"channel": "pika.channel", "shipping": "shipping"},
            restarts=10,
            starts=1.0,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "everybody",
            4,
            ("lost_message",),
            "without faults, every event reaches all whom it concerns",
            within="fault_free",
        ),
        Check(
            "also_who_is_away",
            6,
            ("lost_message",),
            "the same holds while a subscriber is away",
        ),
        Check(
            "nobody_else",
            5,
            ("duplicate_effect",),
            "nobody acts on an event that does not concern him, and nobody acts twice",
        ),
        Check("comes_to_rest", 3, ("stuck",), "every message is settled in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=300, schedules=300, pairs=40, together=30_000, endless=3_000),
    lesson="02_publish_subscribe",
)
