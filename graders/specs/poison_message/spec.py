"""Bug hunt: one order that can never be charged, among good ones.

Goal: the learner sees what ``basic_nack(requeue=True)`` on every error does with a message that
will fail every time, and moves that message out of the way without losing it. Non-goals: errors
that pass by themselves and retries with a delay.

Six orders arrive, the last one late. One of them has an amount that no gateway takes. The shop's
support desk reads ``orders.dead`` and opens one ticket for an order, however often it is told of
it. So a good order owes its charge, and the malformed one owes its ticket.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value

QUEUE = "orders"
DEAD = "orders.dead"
QUORUM: dict[str, Value] = {"x-queue-type": "quorum"}
BAD_AMOUNTS: tuple[dict[str, Value], ...] = ({"cents": "19.90"}, {"cents": None}, {"cents": -1990})


def scenario(stage: Stage) -> None:
    """The orders come to a classic queue without a dead-letter exchange."""
    stage.queue(QUEUE)
    _orders(stage)


def on_a_quorum_queue(stage: Stage) -> None:
    """The same orders come to a quorum queue with the default delivery limit."""
    stage.queue(QUEUE, QUORUM)
    _orders(stage)


def on_a_quorum_queue_with_dead_letters(stage: Stage) -> None:
    """And what it gives up goes to the support desk, by the default exchange."""
    to_the_desk = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD}
    stage.queue(QUEUE, QUORUM | to_the_desk)
    _orders(stage)


def _orders(stage: Stage) -> None:
    """Six orders, one of them malformed, with at least one before it and two behind it."""
    stage.queue(DEAD)
    stage.support_desk(DEAD, [f"order-{number}" for number in range(1, 7)])
    bad = f"order-{stage.chance.randrange(2, 5)}"
    for number in range(1, 7):
        order, cents = f"order-{number}", stage.chance.randrange(500, 9_900)
        body: dict[str, Value] = {"id": order, "cents": cents}
        owes = Owes("charge", order, {"cents": cents})
        if order == bad:
            body |= stage.chance.choice(BAD_AMOUNTS)
            owes = Owes("ticket", order)
        stage.publish(5.0 if number == 6 else 0.0, QUEUE, body, owes)


SPEC = Spec(
    name="poison_message",
    version=1,
    roles=(Role("worker", {"channel": "pika.channel", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("queue_drained", 4, ("stuck",), "the run comes to rest with every message settled"),
        Check(
            "nothing_lost",
            4,
            ("lost_message",),
            "the broker forgets no order whose charge or ticket is still owed",
        ),
        Check("charged_once", 2, ("duplicate_effect",), "no order is charged twice"),
    ),
    budget=Budget(effects=150, together=3_000),
    lesson="07_dead_letter_queue",
)
