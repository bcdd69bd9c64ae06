"""Orders of a shop as a stream: produced with a key, worked on in order, committed when done.

Goal: the learner publishes orders keyed by customer and works on them with a group of two: charge,
packing slip, e-mail, then the commit. Nothing is lost when a record fails or a process dies, no
card is charged twice, and the orders of one customer are charged in the order in which they were
placed. Non-goals: dead letters (every order succeeds in the end), transactions, what a rebalance
handler can do, what brokers lose.

The storefront finds placed orders in the table `placed` and publishes them to the topic `orders`.
The bank of one order is away for a while: what comes after it, of the same customer, has to wait.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, row_in

ORDERS, PLACED, SLIPS = "orders", "placed", "slips"
OPENS = 7.0
CUSTOMERS = ("ada", "bob", "cleo", "dan", "eve", "finn")


def scenario(stage: Stage) -> None:
    """Five orders of two customers, whose keys go to different partitions; one bank is away."""
    stage.topic(ORDERS, partitions=2)
    first = stage.chance.randrange(1, 90)
    one, other = _two_customers(stage)
    away = f"order-{first}"
    stage.bank_away(away, until=OPENS + 8)
    placed: dict[str, list[str]] = {one: [], other: []}
    for n, customer in enumerate((one, other, one, one, other)):
        order, cents = f"order-{first + n}", stage.chance.randrange(500, 9_900)
        placed[customer].append(order)
        stage.row(
            OPENS + n * 0.3,
            PLACED,
            f"{n + 1:06}",
            {"id": order, "customer": customer, "cents": cents},
            owes=(
                Owes("charge", order, {"cents": cents}),
                Owes(row_in(SLIPS), order),
                Owes("email", order),
            ),
        )
    for orders in placed.values():
        stage.in_order("charge", orders)


def _two_customers(stage: Stage) -> tuple[str, str]:
    """Two whose keys lie in different partitions with librdkafka's `consistent_random`."""
    from zlib import crc32

    names = stage.chance.sample(CUSTOMERS, len(CUSTOMERS))
    other = next(name for name in names if crc32(name.encode()) % 2 != crc32(names[0].encode()) % 2)
    return names[0], other


SPEC = Spec(
    name="event_streaming",
    version=1,
    roles=(
        Role("storefront", {"bootstrap_servers": "kafka", "database": "database"}),
        Role(
            "fulfilment",
            {
                "bootstrap_servers": "kafka",
                "payments": "payments",
                "database": "database",
                "mail": "mail",
            },
            count=2,
        ),
    ),
    scenario=scenario,
    checks=(
        Check(
            "happy_path",
            2,
            ("lost_message", "duplicate_effect"),
            "without faults, every order is charged once, packed and mailed once",
            within="fault_free",
        ),
        Check(
            "nothing_lost",
            5,
            ("lost_message", "skipped_offset"),
            "the same holds whatever fails: nothing is published too late, committed too early",
        ),
        Check("nothing_twice", 4, ("duplicate_effect",), "no order is charged or mailed twice"),
        Check("order_kept", 4, ("reordered",), "a customer's orders are charged as they came"),
        Check(
            "no_rest", 3, ("stuck",), "the group's committed offsets come to the end of the topic"
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause"),
    budget=Budget(effects=500, schedules=400, pairs=40, together=80_000, endless=4_000),
    lesson="04_event_streaming",
)
