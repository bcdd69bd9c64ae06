"""Queue, dead letters, batches and leases on SQS.

Goal: the learner sets up an SQS queue with a redrive policy, sends in batches and reads what an
answer lists under ``Failed``, receives in batches by long polling, and works within the lease.
Whatever fails, every order that can be charged is charged once, and what cannot becomes a dead
letter by itself. Non-goals: topics (the second part, in the spec `order_fan_out`), order of orders
and FIFO queues (the lesson shows them), sending dead letters again.

A checkout with eleven orders lies in the database; `intake` sends them. Two workers charge them;
the bank takes 4 s for each charge. The bank of one is away for a while, the bank of another never
comes back, and a partner's system sends one that is no JSON.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

QUEUE, DEAD = "orders", "orders-dead"
ATTEMPTS = 3
DELAYS = (20.0, 20.0)
"""What the attempts at one order are spread over, at least."""
ORDERS = 11
CHARGE = 4.0
"""Seconds that the bank takes."""
AWAY = 30.0
PATIENCE = 600.0


def scenario(stage: Stage) -> None:
    """Eleven orders in one row, two of them in trouble, and a torn one straight from a partner."""
    stage.aws()
    stage.takes("payments", CHARGE)
    stage.retries(Retries(QUEUE, DEAD, DELAYS, PATIENCE))
    first = stage.chance.randrange(1, 80)
    names = [f"order-{first + n}" for n in range(ORDERS)]
    away, gone = stage.chance.sample(names[:8], 2)
    stage.bank_away(away, until=AWAY)
    stage.bank_away(gone)
    orders: list[dict[str, object]] = []
    owes = []
    for name in names:
        cents = stage.chance.randrange(500, 9_900)
        orders.append({"id": name, "cents": cents})
        owes.append(
            Owes("dead letter", name) if name == gone else Owes("charge", name, {"cents": cents})
        )
    stage.row(0.0, "checkouts", "checkout-1", {"orders": orders}, owes)  # type: ignore[dict-item]
    torn = f"order-{first + ORDERS}"
    stage.send(3.0, QUEUE, f'{{"id": "{torn}", "cents": 12', Owes("dead letter", torn))


SPEC = Spec(
    name="sqs_sns",
    version=1,
    roles=(
        Role("topology", {"sqs": "sqs"}, spared=True),
        Role("intake", {"sqs": "sqs", "database": "database"}, starts=1.0),
        Role("worker", {"sqs": "sqs", "payments": "payments"}, count=2, starts=2.0),
    ),
    scenario=scenario,
    checks=(
        Check(
            "happy_path",
            2,
            ("lost_message", "duplicate_effect"),
            "without faults, every order that can be charged is charged once",
            within="fault_free",
        ),
        Check(
            "crash_safety",
            4,
            ("lost_message", "duplicate_effect"),
            "the same holds whatever fails",
        ),
        Check(
            "lease",
            4,
            ("expired_lease",),
            "without faults, no order is worked on after its visibility timeout",
            within="fault_free",
        ),
        Check(
            "redrive",
            4,
            ("stuck", "given_up_early", "too_many_attempts"),
            "what cannot be charged is a dead letter after three attempts, and nothing else is",
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    parts=("order_fan_out",),
    budget=Budget(effects=400, schedules=400, pairs=20, together=60_000, endless=4_000),
    lesson="13_sqs_sns",
)
