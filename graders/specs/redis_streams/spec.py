"""Charge every order of a Redis stream once, also those that a dead worker had in hand.

Goal: the learner builds a worker of a consumer group: it acks what is done and only that, takes
over what was pending for too long with another consumer, and does the work so that doing it twice
does no harm, since a slow worker and the one that took over may both do it. Non-goals: making the
group, orders that can never be charged, order of orders, a bound on the stream's length.

The shop adds its orders to the stream `orders` and has made the group `billing`. Two workers run.
A third one, on a machine that is gone for good, had read the first order and never acked it.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

STREAM, GROUP = "orders", "billing"
OPENS = 2.0
"""When the workers start; by then the third one is gone."""


def scenario(stage: Stage) -> None:
    """Four orders: one that is left pending, two at once, and one that comes late."""
    stage.redis("XGROUP", "CREATE", STREAM, GROUP, "0", "MKSTREAM")
    first = stage.chance.randrange(1, 90)
    for number, at in enumerate((0.5, OPENS + 1, OPENS + 1, OPENS + 12)):
        order, cents = f"order-{first + number}", stage.chance.randrange(500, 9_900)
        owes = Owes("charge", order, {"cents": cents})
        stage.add(at, STREAM, {"id": order, "cents": cents}, owes)
    stage.redis("XREADGROUP", "GROUP", GROUP, "worker-0", "STREAMS", STREAM, ">", at=1.0)


SPEC = Spec(
    name="redis_streams",
    version=1,
    roles=(
        Role(
            "worker",
            {"r": "redis.text", "payments": "payments", "name": "name"},
            count=2,
            starts=OPENS,
            stagger=0.2,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "happy_path",
            2,
            ("lost_message", "duplicate_effect"),
            "without faults, no order is lost and none is charged twice",
            within="fault_free",
        ),
        Check("nothing_lost", 4, ("lost_message",), "no order is lost, whatever fails"),
        Check(
            "charged_once",
            4,
            ("duplicate_effect",),
            "no order is charged twice, whoever works on it, and however often it comes",
        ),
        Check(
            "taken_over",
            4,
            ("stuck",),
            "every entry is acked in the end, also what a worker that is gone had in hand",
        ),
    ),
    faults=("crash", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=300, schedules=160, pairs=12, together=12_000, endless=2_000),
    lesson="14_redis_streams",
)
