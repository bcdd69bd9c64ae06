"""Fan out on AWS: one topic, three queues, and each gets what it needs.

Goal: the learner subscribes SQS queues to SNS topics, lets them be sent to by a queue policy that
holds for every topic, keeps from a queue by a filter policy what it does not need, and reads what
arrives, in SNS's envelope or raw. Non-goals: dead letters and leases (the first part, in the spec
`sqs_sns`), FIFO topics, other protocols than SQS.

The shop sends three orders to the queue `orders`, one of them fetched in the store: nothing is to
be shipped for it. The bookkeeping publishes a refund to the topic `refund-events`.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value

QUEUE = "orders"
REFUNDS = "refund-events"
OPENS = 3.0


def scenario(stage: Stage) -> None:
    """Two orders to be shipped, one to be fetched, and a refund."""
    stage.sqs_queue(QUEUE)
    first = stage.chance.randrange(1, 90)
    fetched = stage.chance.randrange(3)
    for n in range(3):
        order, items = f"order-{first + n}", stage.chance.randrange(1, 9)
        delivery = "store" if n == fetched else "home"
        owes = [Owes("reservation", order, {"items": items}), Owes("email", order)]
        if delivery == "home":
            owes.append(Owes("shipment", order))
        body: dict[str, Value] = {"id": order, "items": items, "delivery": delivery}
        stage.send(OPENS + n / 10, QUEUE, body, owes)
    back = f"order-{first + 3}"
    cents = stage.chance.randrange(500, 9_900)
    stage.notify(OPENS + 1, REFUNDS, {"id": back, "cents": cents}, Owes("email", back))


SPEC = Spec(
    name="order_fan_out",
    version=1,
    roles=(
        Role("topology", {"sqs": "sqs", "sns": "sns"}, spared=True),
        Role("publisher", {"sqs": "sqs", "sns": "sns"}, starts=1.0),
        Role("stock_keeper", {"sqs": "sqs", "stock": "stock"}, starts=1.0),
        Role("shipper", {"sqs": "sqs", "shipping": "shipping"}, starts=1.0),
        Role("mailer", {"sqs": "sqs", "mail": "mail"}, starts=1.0),
    ),
    scenario=scenario,
    checks=(
        Check(
            "fan_out",
            3,
            ("lost_message", "duplicate_effect"),
            "without faults, each service does what each order needs, once, and nothing else",
            within="fault_free",
        ),
        Check(
            "whatever_fails",
            3,
            ("lost_message", "duplicate_effect"),
            "the same holds whatever fails",
        ),
        Check("all_read", 2, ("stuck",), "every message is read and deleted in the end"),
    ),
    faults=("crash", "definite", "indefinite", "pause", "duplicate"),
    budget=Budget(effects=400, schedules=400, pairs=20, together=60_000, endless=4_000),
    lesson="13_sqs_sns",
)
