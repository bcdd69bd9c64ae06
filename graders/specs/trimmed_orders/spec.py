"""Bug hunt: a stream that is kept short by a trim after each ack.

Goal: the learner sees that XTRIM counts entries and asks no group, and keeps the stream short
without losing what is unread or pending. Non-goals: making the group, several groups on one
stream.

Six orders come at once to a stream with the group `billing`, and a seventh much later. Two workers
charge them.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

BURST = 6
"""Orders that come at once."""


def scenario(stage: Stage) -> None:
    """A burst, and one more when all is quiet."""
    stage.redis("XGROUP", "CREATE", "orders", "billing", "0", "MKSTREAM")
    first = stage.chance.randrange(1, 90)
    for number in range(BURST + 1):
        order, cents = f"order-{first + number}", stage.chance.randrange(500, 9_900)
        owes = Owes("charge", order, {"cents": cents})
        at = 2.0 if number < BURST else 20.0
        stage.add(at, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="trimmed_orders",
    version=1,
    roles=(
        Role(
            "worker",
            {"r": "redis.text", "payments": "payments", "name": "name"},
            count=2,
            starts=1.0,
            stagger=0.1,
        ),
    ),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 4, ("lost_message",), "no order is lost, whatever fails"),
        Check("charged_once", 2, ("duplicate_effect",), "no order is charged twice"),
        Check("all_acked", 4, ("stuck",), "every entry is acked in the end"),
    ),
    faults=("crash", "pause"),
    budget=Budget(effects=250, schedules=60, together=8_000, endless=1_000),
    lesson="14_redis_streams",
)
