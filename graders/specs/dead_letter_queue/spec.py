"""Retry what may work later, and put away what never will, with its cause.

Goal: the learner builds retries with backoff and a dead-letter queue on RabbitMQ, so that one bad
order holds up no other, nothing is lost at any step, and whoever opens the dead-letter queue knows
what went wrong. Non-goals: two workers, order of orders, sending dead letters again (the optional
part, in the spec `redrive`), Kafka.

The shop publishes to the queue `orders`, which the learner declares. Among the orders are one whose
bank is away until after its second attempt, one whose bank never comes back, one whose card is
declined for good, and one that is no JSON. The others come while those wait.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

QUEUE, DEAD = "orders", "orders.dead"
DELAYS = (5.0, 10.0, 20.0)
PATIENCE = 3.0
OPENS = 10.0
"""When the shop opens; by then the topology stands and the worker runs."""


def scenario(stage: Stage) -> None:
    """Six orders: two good ones, two absent banks, a declined card, and one that is no JSON."""
    stage.retries(Retries(QUEUE, DEAD, DELAYS, PATIENCE))
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
    stage.publish(OPENS + 2, QUEUE, garbled, Owes("dead letter", broken))
    _order(stage, OPENS + 8, late)


def _order(stage: Stage, at: float, order: str, owes: str = "charge") -> None:
    cents = stage.chance.randrange(500, 9_900)
    detail = {"cents": cents} if owes == "charge" else {}
    stage.publish(at, QUEUE, {"id": order, "cents": cents}, Owes(owes, order, detail))


SPEC = Spec(
    name="dead_letter_queue",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role(
            "worker",
            {"channel": "pika.channel", "payments": "payments"},
            starts=5.0,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "happy_path",
            2,
            ("lost_message", "duplicate_effect", "given_up_early"),
            "without faults, every order that can be charged is charged once",
            within="fault_free",
        ),
        Check(
            "crash_safety",
            4,
            ("lost_message", "duplicate_effect", "given_up_early"),
            "the same holds whatever fails, and every other order becomes a dead letter",
        ),
        Check("poison", 4, ("stuck",), "every message ends somewhere: nothing goes round for ever"),
        Check(
            "backoff",
            4,
            ("given_up_early", "retry_without_delay", "starvation"),
            "without faults, what fails waits before it is tried again, and nobody waits with it",
            within="fault_free",
        ),
        Check(
            "cause_and_attempts",
            4,
            ("dead_letter_without_cause", "too_many_attempts"),
            "a dead letter is the order as it came, with its cause and attempts, never too many",
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    parts=("redrive", "dead_letter_stream"),
    budget=Budget(effects=400, schedules=400, pairs=60, together=60_000, endless=4_000),
    lesson="07_dead_letter_queue",
)
