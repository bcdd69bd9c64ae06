"""Read, charge, write, and move on: all of it once, whatever fails.

Goal: the learner reads orders from Kafka, charges each card, writes an invoice for each to another
topic, and commits the offset in the same transaction as the invoice; a second function mails what
is invoiced and reads committed invoices only. The charge is outside Kafka, where no transaction
reaches, so it needs an idempotency key. Non-goals: retries and dead letters of bad orders, an order
that its producer sent twice, what the brokers lose.

Two billers share two partitions. One that stands still is given up by its group after 45 s, its
partition goes to the other, and then it wakes up and goes on: a zombie.
"""

from collections.abc import Callable

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, record_in

ORDERS, INVOICES = "orders", "invoices"
OPENS = 6.5
"""When the shop opens; by then both billers have their partition."""
COUNT = 3
"""How many orders there are: two for one partition, so that one can be passed by, and one for the
other."""


def with_orders(count: int) -> Callable[[Stage], None]:
    """A scenario with so many orders, every other one for the second partition."""

    def scenario(stage: Stage) -> None:
        """One order, then two at a time, one a partition. Each owes a charge, an invoice and an
        e-mail."""
        stage.topic(ORDERS, partitions=2)
        stage.topic(INVOICES)
        first = stage.chance.randrange(1, 90)
        for n in range(count):
            order, cents = f"order-{first + n}", stage.chance.randrange(500, 9_900)
            stage.produce(
                OPENS + (n + 1) // 2 * 0.3,
                ORDERS,
                {"id": order, "cents": cents},
                key=order,
                partition=n % 2,
                owes=(
                    Owes("charge", order, {"cents": cents}),
                    Owes(record_in(INVOICES), order),
                    Owes("email", order),
                ),
            )

    return scenario


SPEC = Spec(
    name="exactly_once",
    version=1,
    roles=(
        Role(
            "biller",
            {"bootstrap_servers": "kafka", "name": "name", "payments": "payments"},
            count=2,
        ),
        Role("mailer", {"bootstrap_servers": "kafka", "mail": "mail"}),
    ),
    scenario=with_orders(COUNT),
    checks=(
        Check(
            "happy_path",
            2,
            ("lost_message", "duplicate_effect", "stuck"),
            "without faults, every order is charged once, invoiced once and mailed once",
            within="fault_free",
        ),
        Check(
            "one_transaction",
            6,
            ("lost_message", "duplicate_effect"),
            "the same holds whatever fails and whoever wakes up too late",
        ),
        Check("no_rest", 4, ("stuck",), "nothing is left over: no order, no open transaction"),
        Check(
            "committed_only",
            4,
            ("dirty_read",),
            "no e-mail is sent for an invoice whose transaction is aborted or not yet decided",
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause"),
    budget=Budget(effects=400, schedules=400, pairs=20, together=60_000, endless=4_000),
    lesson="11_exactly_once",
)
