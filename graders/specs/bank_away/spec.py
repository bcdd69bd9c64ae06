"""The experiment of lesson 07: two of three orders meet a bank that is away for a while.

Goal: the learner sees what a retry at once, a retry after a sleep and a retry after a wait in a
queue do to the failed order and to the others. Non-goals: dead letters, poison messages.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

OPENS = 2.0


def scenario(stage: Stage) -> None:
    """The first bank is away for 12 s, the second for 2 s; the order between them is fine."""
    stage.retries(Retries("orders", "orders.dead", (5.0, 10.0, 20.0), patience=3.0))
    stage.bank_away("order-1", until=OPENS + 12)
    stage.bank_away("order-3", until=OPENS + 8)
    for order, after, cents in (("order-1", 0, 4200), ("order-2", 1, 1700), ("order-3", 6, 990)):
        owes = Owes("charge", order, {"cents": cents})
        stage.publish(OPENS + after, "orders", {"id": order, "cents": cents}, owes)


SPEC = Spec(
    name="bank_away",
    version=1,
    roles=(
        Role("topology", {"channel": "pika.channel"}, spared=True),
        Role("worker", {"channel": "pika.channel", "payments": "payments"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check("charged", 1, ("lost_message",), "every order is charged"),
        Check(
            "after_a_delay",
            1,
            ("given_up_early", "retry_without_delay"),
            "what fails is tried again after 5, 10 and 20 s",
        ),
        Check("nobody_waits", 1, ("starvation",), "no other order waits for one that failed"),
    ),
    budget=Budget(effects=80, together=10_000, endless=400),
    lesson="07_dead_letter_queue",
)
