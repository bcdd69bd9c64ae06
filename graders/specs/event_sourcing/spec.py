"""Keep what happened to an order, and publish it after it happened.

Goal: the learner builds an event store on a database with unique keys (append with the expected
version, several events in one transaction, commands that come twice, snapshots) and publishes what
is committed to Kafka, in order for each order. Non-goals: read models and their rebuild (the
exercise `cqrs`), the rules of an order (given), changes of an event's schema.

Commands arrive in the queue `commands`, from which two handlers take. Some come for one order at
the same moment, so that both handlers decide on it at once: two items, an item and the payment, the
shipping and the cancellation.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value

COMMANDS = "commands"
OPENS = 5.0
LATER = 240.0
"""By then a handler that was held up goes on, and what it does late can still do harm."""


def scenario(stage: Stage) -> None:
    """Two orders; one is raced for, the other grows long and is paid and cancelled."""
    stage.event_store("events", "snapshots")
    stage.queue(COMMANDS)
    first = stage.chance.randrange(1, 90)
    raced, long = f"order-{first}", f"order-{first + 1}"
    script = (
        (0, "place", raced), (0, "place", long),
        (1, "add", long), (1, "add", long),
        (2, "pay", raced), (2, "add", long),
        (3, "ship", raced), (3, "cancel", raced),
        (4, "add", long), (4, "add", long),
        (LATER, "add", long), (LATER, "pay", long),
        (LATER + 1, "cancel", long),
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
    roles=(Role("handle", {"channel": "pika.channel", "database": "database"}, count=2),),
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
            3,
            ("partial_append",),
            "nobody ever reads a part of a command's events",
        ),
        Check(
            "every_command_once",
            4,
            ("lost_command", "repeated_command", "stuck"),
            "every command is carried out once or refused, whatever fails",
        ),
        Check(
            "snapshots",
            3,
            ("snapshot_drift",),
            "a snapshot is what the events up to its version amount to, and never goes back",
        ),
    ),
    faults=("crash", "definite", "indefinite", "pause", "preempt", "duplicate"),
    budget=Budget(effects=400, schedules=400, pairs=0, together=60_000, endless=2_000),
    lesson="16_event_sourcing",
)
