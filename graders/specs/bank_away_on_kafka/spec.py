"""The experiment of lesson 07 on Kafka: one of two orders meets a bank that is away for a while.

Goal: the learner sees that a topic called retry delays nothing, and how a consumer keeps a delay
without keeping the other orders waiting. Non-goals: dead letters, growing waits, several workers.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Retries, Stage

OPENS = 5.0
"""When the shop opens; by then the worker has its partitions."""


def scenario(stage: Stage) -> None:
    """The bank of the first order is back after 4 s; the second comes while the first waits."""
    stage.retries(Retries("orders", "orders.dead", (5.0,), patience=3.0))
    for topic in ("orders", "orders.retry.5", "orders.dead"):
        stage.topic(topic)
    stage.bank_away("order-1", until=OPENS + 4)
    for order, after, cents in (("order-1", 0, 4200), ("order-2", 1, 1700)):
        owes = Owes("charge", order, {"cents": cents})
        stage.produce(OPENS + after, "orders", {"id": order, "cents": cents}, owes, key=order)


SPEC = Spec(
    name="bank_away_on_kafka",
    version=1,
    roles=(Role("worker", {"bootstrap_servers": "kafka", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("charged", 1, ("lost_message",), "every order is charged"),
        Check(
            "after_a_delay",
            1,
            ("given_up_early", "retry_without_delay"),
            "what fails is tried again after 5 s",
        ),
        Check("nobody_waits", 1, ("starvation",), "no other order waits for one that failed"),
    ),
    budget=Budget(effects=80, together=10_000, endless=400),
    lesson="07_dead_letter_queue",
)
