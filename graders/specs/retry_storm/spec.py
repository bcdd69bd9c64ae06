"""Bug hunt: a retry with a delay that nobody keeps, and a dead letter that nobody waits for.

Goal: the learner sees that a record produced "for later" is there at once, that a copy and a commit
are two steps, and that `produce` has sent nothing yet; and mends all three. Non-goals: growing
delays, several topics for retries, several workers.

The shop's orders come to the topic `orders`. The bank of one is away, and back before its third
attempt; one is no JSON; two good ones come, one of them late. The topics `orders.retry` and
`orders.dead` are there.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

TOPIC, RETRY, DEAD = "orders", "orders.retry", "orders.dead"
DELAYS = (10.0, 10.0)
OPENS = 5.0


def scenario(stage: Stage) -> None:
    """Four orders; the bank of the first is back 15 s after it came."""
    stage.retries(Retries(TOPIC, DEAD, DELAYS, patience=3.0))
    for topic in (TOPIC, RETRY, DEAD):
        stage.topic(topic)
    first = stage.chance.randrange(1, 90)
    away, broken, fine, late = (f"order-{first + n}" for n in range(4))
    stage.bank_away(away, until=OPENS + 15)
    _order(stage, OPENS, away)
    garbled = b'{"id": "' + broken.encode() + b'", "cents": 12'
    stage.produce(OPENS + 0.2, TOPIC, garbled, Owes("dead letter", broken), key=broken)
    _order(stage, OPENS + 0.4, fine)
    _order(stage, OPENS + 8, late)


def _order(stage: Stage, at: float, order: str) -> None:
    cents = stage.chance.randrange(500, 9_900)
    owes = Owes("charge", order, {"cents": cents})
    stage.produce(at, TOPIC, {"id": order, "cents": cents}, owes, key=order)


SPEC = Spec(
    name="retry_storm",
    version=1,
    roles=(Role("worker", {"bootstrap_servers": "kafka", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check(
            "delay",
            4,
            ("retry_without_delay", "starvation"),
            "without faults, what fails waits 10 s before it is tried again, and nobody waits "
            "with it",
            within="fault_free",
        ),
        Check(
            "nothing_lost",
            4,
            ("lost_message",),
            "no order vanishes: it is charged, or becomes a dead letter if it never can be",
        ),
        Check("charged_once", 2, ("duplicate_effect",), "no order is charged twice"),
        Check("rest", 2, ("stuck",), "the run comes to rest with every record passed"),
    ),
    budget=Budget(effects=200, together=8_000, endless=2_000),
    lesson="07_dead_letter_queue",
)
