"""The worker of `dead_letter_queue` on Kafka, where nothing waits, comes back or is put away by
itself.

Goal: the learner builds retries with backoff and dead letters on a log: topics for what waits, the
due time told by the record's timestamp, attempts in headers, and the move of an order and the
commit of its offset as one step, or in the order that loses nothing. Non-goals: several workers
and partitions, order of orders, sending dead letters again.

An optional part of the exercise `dead_letter_queue`, in the same notebook, with its orders: one
whose bank is away until after its second attempt, one whose bank never comes back, a declined card,
one that is no JSON, and good ones while those wait.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

TOPIC, DEAD = "orders", "orders.dead"
DELAYS = (5.0, 10.0, 20.0)
PATIENCE = 3.0
OPENS = 8.0
"""When the shop opens; by then the worker has its partitions."""


def scenario(stage: Stage) -> None:
    """Six orders: two good ones, two absent banks, a declined card, and one that is no JSON."""
    stage.retries(Retries(TOPIC, DEAD, DELAYS, PATIENCE))
    for topic in (TOPIC, *(f"{TOPIC}.retry.{delay:g}" for delay in DELAYS), DEAD):
        stage.topic(topic)
    first = stage.chance.randrange(1, 90)
    away, gone, fine, declined, broken, late = (f"order-{first + n}" for n in range(6))
    stage.bank_away(away, until=OPENS + 12)
    stage.bank_away(gone)
    stage.declines(declined)
    _order(stage, OPENS, away)
    _order(stage, OPENS + 0.1, gone, "dead letter")
    _order(stage, OPENS + 0.2, fine)
    _order(stage, OPENS + 1, declined, "dead letter")
    garbled = b'{"id": "' + broken.encode() + b'", "cents": 12'
    stage.produce(OPENS + 2, TOPIC, garbled, Owes("dead letter", broken), key=broken)
    _order(stage, OPENS + 8, late)


def _order(stage: Stage, at: float, order: str, owes: str = "charge") -> None:
    cents = stage.chance.randrange(500, 9_900)
    detail = {"cents": cents} if owes == "charge" else {}
    stage.produce(at, TOPIC, {"id": order, "cents": cents}, Owes(owes, order, detail), key=order)


SPEC = Spec(
    name="dead_letter_stream",
    version=1,
    roles=(
        Role(
            "stream_worker",
            {"bootstrap_servers": "kafka", "name": "name", "payments": "payments"},
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "stream_happy_path",
            0,
            ("lost_message", "duplicate_effect", "given_up_early"),
            "without faults, every order that can be charged is charged once",
            within="fault_free",
        ),
        Check(
            "stream_crash_safety",
            0,
            ("lost_message", "duplicate_effect", "given_up_early"),
            "the same holds whatever fails, and every other order becomes a dead letter",
        ),
        Check(
            "stream_poison",
            0,
            ("stuck",),
            "every record is passed in the end: nothing goes round for ever",
        ),
        Check(
            "stream_backoff",
            0,
            ("given_up_early", "retry_without_delay", "starvation"),
            "without faults, what fails waits before it is tried again, and nobody waits with it",
            within="fault_free",
        ),
        Check(
            "stream_cause",
            0,
            ("dead_letter_without_cause", "too_many_attempts"),
            "a dead letter is the order as it came, with its cause and attempts, never too many",
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=400, schedules=400, pairs=20, together=60_000, endless=4_000),
    lines=90,  # what RabbitMQ's queues do by themselves, waiting, is written out here
)
