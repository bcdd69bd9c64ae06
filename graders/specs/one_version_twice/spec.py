"""Bug hunt: an event store that compares versions by itself and publishes while it appends.

Goal: the learner sees that a version which is looked up and then written is no check, and that a
record which is published before its commit may tell of what never happens; and mends both.
Non-goals: snapshots, commands with several events, the order of publication.

An order is placed, and then two items are added at the same moment, each by one of two handlers.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value


def scenario(stage: Stage) -> None:
    """Three commands for one order, two of them at once."""
    stage.event_store("events", "snapshots", "order-events")
    stage.queue("commands")
    stage.topic("order-events", partitions=2)
    order = f"order-{stage.chance.randrange(1, 90)}"
    for at, name in ((1.0, "place-1"), (3.0, "add-1"), (3.0, "add-2")):
        command: dict[str, Value] = {"id": name, "order": order, "do": name.partition("-")[0]}
        command["cents"] = stage.chance.randrange(500, 9_900)
        stage.publish(at, "commands", command, Owes("event", name))


SPEC = Spec(
    name="one_version_twice",
    version=1,
    roles=(
        Role(
            "handle",
            {"channel": "pika.channel", "database": "database", "bootstrap_servers": "kafka"},
            count=2,
        ),
    ),
    scenario=scenario,
    checks=(
        Check("one_history", 4, ("conflicting_append",), "the order's events are one sequence"),
        Check(
            "nothing_lost",
            3,
            ("lost_command", "lost_publication", "repeated_command"),
            "every command has its event, once, and the topic is told of it",
        ),
        Check(
            "nothing_untrue",
            3,
            ("phantom_publication",),
            "the topic is told of nothing that was not committed before",
        ),
    ),
    faults=("crash", "pause", "preempt"),
    budget=Budget(effects=200, together=20_000),
    lesson="16_event_sourcing",
)
