"""The experiment of lesson 10: a second notifier joins while the first holds three orders.

Goal: the learner sees what a rebalance takes from a consumer, when it is told, and what becomes of
what it holds. Non-goals: errors of the mail service, commits that are not answered.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage

ORDERS = "orders"
JOINS = 8.0


def scenario(stage: Stage) -> None:
    """An order for each of three partitions, just after the second notifier has joined."""
    stage.topic(ORDERS, partitions=3)
    for n in range(3):
        order = f"order-{n + 1}"
        stage.produce(
            JOINS + 0.2 + n / 10,
            ORDERS,
            {"id": order},
            key=order,
            partition=n,
            owes=Owes("email", order),
        )


SPEC = Spec(
    name="second_notifier",
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
            1,
            ("lost_message", "duplicate_effect"),
            "every order is mailed once though the group rebalances",
            within="fault_free",
        ),
        Check(
            "nothing_after_giving_up",
            1,
            ("work_after_revoked",),
            "no order is mailed by a notifier that has given up its partition",
        ),
        Check(
            "undisturbed",
            1,
            ("needless_revocation",),
            "a partition that stays with its notifier is not taken from it",
            within="fault_free",
        ),
        Check(
            "all_committed",
            1,
            ("stuck",),
            "every order that is there is committed in the end",
        ),
    ),
    budget=Budget(effects=200, together=10_000, endless=400),
    lesson="10_rebalancing",
)
