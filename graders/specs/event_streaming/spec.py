"""Orders of a shop as a stream: produced with a key, worked on in order, committed when done.

Goal: the learner publishes orders keyed by customer and works on them with a group of two: charge,
packing slip, e-mail, then the commit. Nothing is lost when a record fails or a process dies, no
card is charged twice, and the orders of one customer are charged in the order in which they were
placed. Non-goals: dead letters (every order succeeds in the end), transactions, what a rebalance
handler can do, what brokers lose.

A timer starts the storefront twice. It finds the orders that were placed in the table `placed`,
publishes them to the topic `orders` and books in the table `sent` which it has published. The bank
of the first order is away for a while: what comes after it, of the same customer, has to wait.
"""

from zlib import crc32

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage, row_in

ORDERS, PLACED, SENT, SLIPS = "orders", "placed", "sent", "slips"
CUSTOMERS = ("ada", "bob", "cleo", "dan", "eve", "finn")
PARTITIONS = 3
FIRST_RUN, NEXT_RUN = 1.0, 7.0
"""When the timer starts the storefront, and how much later it starts it again."""


def scenario(stage: Stage) -> None:
    """Four orders of two customers, whose keys go to different members; one bank is away."""
    stage.topic(ORDERS, partitions=PARTITIONS)
    one, other = _two_customers(stage)
    first = _first_number(stage)
    stage.bank_away(f"order-{first}", until=12.0)
    placed: dict[str, list[str]] = {one: [], other: []}
    for n, (customer, at) in enumerate(((one, 0.0), (other, 0.0), (other, 2.0), (one, 2.0))):
        order, cents = f"order-{first + n}", stage.chance.randrange(500, 9_900)
        placed[customer].append(order)
        stage.row(
            at,
            PLACED,
            order,
            {"id": order, "customer": customer, "cents": cents},
            owes=(
                Owes("charge", order, {"cents": cents}),
                Owes(row_in(SENT), order),
                Owes(row_in(SLIPS), order),
                Owes("email", order),
            ),
        )
    for orders in placed.values():
        stage.in_order("charge", orders)


def _two_customers(stage: Stage) -> tuple[str, str]:
    """Two whose keys go to different members with librdkafka's `consistent_random`."""
    names = stage.chance.sample(CUSTOMERS, len(CUSTOMERS))
    other = next(name for name in names if _first_member(name) != _first_member(names[0]))
    return names[0], other


def _first_number(stage: Stage) -> int:
    """A number of two digits for the first order such that, with orders for keys, the two of its
    customer go to different members: who takes the wrong key is to see it."""
    return stage.chance.choice(
        [n for n in range(10, 96) if _first_member(f"order-{n}") != _first_member(f"order-{n + 3}")]
    )


def _first_member(key: str) -> bool:
    """Whether the partition of a key is one of the two that the first of two members has."""
    return crc32(key.encode()) % PARTITIONS < 2


SPEC = Spec(
    name="event_streaming",
    version=1,
    roles=(
        Role(
            "storefront",
            {"bootstrap_servers": "kafka", "database": "database"},
            count=2,
            starts=FIRST_RUN,
            stagger=NEXT_RUN,
        ),
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
            "the same holds whatever fails: no order is lost between table, topic and commit",
        ),
        Check("nothing_twice", 4, ("duplicate_effect",), "no order is charged or mailed twice"),
        Check("order_kept", 4, ("reordered",), "a customer's orders are worked on as they came"),
        Check(
            "no_rest", 3, ("stuck",), "the group's committed offsets come to the end of the topic"
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause"),
    budget=Budget(effects=1_200, schedules=400, pairs=20, together=60_000, endless=4_000),
    lesson="04_event_streaming",
)
