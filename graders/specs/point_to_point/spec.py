"""Several workers on one queue: share the work, and give back what cannot be done rightly.

Goal: the learner writes a worker with manual acks and a prefetch that lets its peers share the
work, and tells apart what to give back, since it may work later, and what to reject. Non-goals:
waits that grow, causes and attempts of dead letters (lesson 07), order of orders.

Two workers take from the queue `orders`: a quorum queue that counts failures, gives up what failed
more than `LIMIT` times, and dead-letters what it gives up or what is rejected to `orders.dead`. Six
orders arrive at once. The bank of the first takes long to answer, the bank of one is away for a
moment, and one is no JSON.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage
from minibroker.sim.values import Value

QUEUE, DEAD = "orders", "orders.dead"
LIMIT = 5
ARGUMENTS: dict[str, Value] = {
    "x-queue-type": "quorum",
    "x-delivery-limit": LIMIT,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": DEAD,
}
OPENS = 1.0
"""When the shop opens; by then both workers run."""
SLOW, AWAY = 20.0, 1.5
"""How long the slow bank takes, and how long the other one is away, in seconds."""
PATIENCE = 5.0


def scenario(stage: Stage) -> None:
    """Six orders: the slow bank first, then an absent one among good ones, a torn order, a good
    one."""
    stage.queue(DEAD)
    stage.queue(QUEUE, ARGUMENTS)
    # The bank is back before the third attempt is due, so whoever gives the order up is too early.
    stage.retries(Retries(QUEUE, DEAD, (1.0, 1.0), PATIENCE))
    first = stage.chance.randrange(1, 90)
    names = [f"order-{first + n}" for n in range(6)]
    # The third is good, so it can be seen to wait in the hand of the worker that took the first.
    slow, away, torn = names[0], names[stage.chance.choice([1, 3])], names[4]
    stage.bank_slow(slow, SLOW)
    stage.bank_away(away, until=OPENS + AWAY)
    for order in names:
        cents = stage.chance.randrange(500, 9_900)
        if order == torn:
            garbled = b'{"id": "' + order.encode() + b'", "cents": 12'
            stage.publish(OPENS, QUEUE, garbled, Owes("dead letter", order))
        else:
            owes = Owes("charge", order, {"cents": cents})
            stage.publish(OPENS, QUEUE, {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="point_to_point",
    version=1,
    roles=(
        Role("worker", {"channel": "pika.channel", "payments": "payments"}, count=2, restarts=10),
    ),
    scenario=scenario,
    checks=(
        Check(
            "nothing_lost",
            4,
            ("lost_message",),
            "every order is charged or becomes a dead letter, whatever fails",
        ),
        Check("charged_once", 2, ("duplicate_effect",), "no order is charged twice"),
        Check(
            "shared",
            5,
            ("starvation",),
            "without faults, no order waits for one that takes long or fails",
            within="fault_free",
        ),
        Check(
            "given_back",
            4,
            ("given_up_early", "retry_without_delay"),
            "an order whose bank is away for a moment is tried again a second later",
        ),
        Check("comes_to_rest", 3, ("stuck",), "every message is settled in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=300, schedules=300, pairs=40, together=30_000, endless=3_000),
    lesson="01_point_to_point",
)
