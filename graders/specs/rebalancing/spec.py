"""Hand over what is in hand when the group rebalances, and only that.

Goal: the learner's notifier collects orders and mails them in one go; when partitions are taken
from it, it finishes or drops what it holds of them, commits what is mailed and nothing else, and
touches nothing of what it has given up or lost. A second notifier joins in the middle and disturbs
the first as little as it can. Non-goals: e-mails sent twice after a crash (an idempotency key,
lesson 00), transactions, what brokers lose, KIP-848's protocol.

Three orders come when the first notifier is alone. Three more come just after the second has
joined, one on each partition, so that the first holds them when it learns of it. Three come
afterwards.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

ORDERS, PARTITIONS = "orders", 3
JOINS = 20.0
"""When the second notifier starts; the first learns of it at a heartbeat after that."""
TIMES = (8.0, JOINS + 0.2, JOINS + 14)


def scenario(stage: Stage) -> None:
    """Three times an order for each partition. Each owes an e-mail."""
    stage.topic(ORDERS, partitions=PARTITIONS)
    first = stage.chance.randrange(1, 90)
    for n in range(len(TIMES) * PARTITIONS):
        order = f"order-{first + n}"
        stage.produce(
            TIMES[n // PARTITIONS] + n % PARTITIONS * 0.1,
            ORDERS,
            {"id": order},
            key=order,
            partition=n % PARTITIONS,
            owes=Owes("email", order),
        )


SPEC = Spec(
    name="rebalancing",
    version=1,
    roles=(
        Role(
            "notifier",
            {"bootstrap_servers": "kafka", "name": "name", "mail": "mail"},
            count=2,
            stagger=JOINS,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "handed_over",
            5,
            ("duplicate_effect", "lost_message"),
            "without faults, every order is mailed exactly once though the group rebalances",
            within="fault_free",
        ),
        Check(
            "nothing_lost",
            5,
            ("lost_message", "skipped_offset"),
            "every order is mailed whatever fails, once or more often",
        ),
        Check(
            "nothing_after_giving_up",
            4,
            ("work_after_revoked",),
            "no order is mailed by a notifier that has given up or lost its partition",
        ),
        Check(
            "undisturbed",
            3,
            ("needless_revocation",),
            "without faults, a partition that stays with its notifier is not taken from it",
            within="fault_free",
        ),
        Check(
            "no_rest", 3, ("stuck",), "the group's committed offsets come to the end of the topic"
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause"),
    budget=Budget(effects=500, schedules=300, pairs=20, together=60_000, endless=4_000),
    lesson="10_rebalancing",
)
