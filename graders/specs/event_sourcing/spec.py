"""Keep what happened to an order, and publish it after it happened.

Goal: the learner builds an event store on a database with unique keys (append with the expected
version, several events in one transaction, commands that come twice, snapshots) and publishes what
is committed to Kafka, in order for each order. Non-goals: read models and their rebuild (the
exercise `cqrs`), the rules of an order (given), changes of an event's schema.

Commands arrive in the queue `commands`, from which two handlers take. Some come for one order at
the same moment, so that both handlers decide on it at once: two items, an item and the payment, the
cancellation and the shipping.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value

COMMANDS, EVENTS, SNAPSHOTS, TOPIC = "commands", "events", "snapshots", "order-events"
OPENS = 5.0


def scenario(stage: Stage) -> None:
    """Two orders: one gets more and more items and is called off, the other is paid and raced for.

    Whoever wins the race, the cancellation of a paid order is there, and with it a command of two
    events.
    """
    stage.event_store(EVENTS, SNAPSHOTS, TOPIC)
    stage.queue(COMMANDS)
    stage.topic(TOPIC, partitions=2)
    first = stage.chance.randrange(1, 90)
    raced, long = f"order-{first}", f"order-{first + 1}"
    script = (
        (0, "place", raced), (0, "place", long),
        (1, "add", long), (1, "add", long),
        (2, "add", raced), (2, "pay", raced),
        (3, "cancel", raced), (3, "ship", raced),
        (4, "add", long), (4, "add", long),
        (5, "pay", long), (6, "cancel", long),
    )  # fmt: skip
    for number, (after, do, order) in enumerate(script, 1):
        name = f"{do}-{number}"
        body: dict[str, Value] = {"id": name, "order": order, "do": do}
        if do in ("place", "add"):
            body["cents"] = stage.chance.randrange(500, 9_900)
        stage.publish(OPENS + after, COMMANDS, body, Owes("event", name))


SPEC = Spec(
    name="event_sourcing",
    version=1,
    roles=(
        Role(
            "handle",
            {"channel": "pika.channel", "database": "database", "bootstrap_servers": "kafka"},
            count=2,
        ),
        Role("relay", {"database": "database", "bootstrap_servers": "kafka"}),
    ),
    scenario=scenario,
    checks=(
        Check(
            "one_history",
            4,
            ("conflicting_append", "invariant_violation"),
            "every order's events are one sequence that keeps the rules, whoever appends",
        ),
        Check(
            "all_or_nothing",
            2,
            ("partial_append",),
            "nobody ever reads one event of a command without the other",
        ),
        Check(
            "every_command_once",
            4,
            ("lost_command", "repeated_command", "stuck"),
            "every command is carried out once or refused, whatever fails",
        ),
        Check(
            "snapshots",
            4,
            ("snapshot_drift",),
            "a snapshot is what its events amount to, and never gives way to an older one",
        ),
        Check(
            "publication",
            6,
            ("phantom_publication", "lost_publication", "reordered_publication"),
            "the topic is told of every event after it was committed, in the order of its order",
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause", "preempt", "duplicate"),
    budget=Budget(effects=1_000, schedules=500, together=200_000, endless=8_000),
    lesson="16_event_sourcing",
)
