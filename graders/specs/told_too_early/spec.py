"""The second experiment of lesson 16: events go to a database and to a topic.

Goal: the learner sees what becomes of an event that is published before its commit, after it, or by
a relay that reads what is committed. Non-goals: snapshots, commands with several events.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value


def scenario(stage: Stage) -> None:
    """An order is placed; then one more item and its payment come at once."""
    stage.event_store("events", "snapshots", "order-events")
    stage.queue("commands")
    stage.topic("order-events", partitions=2)
    commands: tuple[tuple[float, dict[str, Value]], ...] = (
        (1.0, {"id": "place-1", "do": "place", "cents": 1000}),
        (2.0, {"id": "add-1", "do": "add", "cents": 500}),
        (2.0, {"id": "pay-1", "do": "pay"}),
    )
    for at, command in commands:
        name = str(command["id"])
        stage.publish(at, "commands", command | {"order": "order-1"}, Owes("event", name))


SPEC = Spec(
    name="told_too_early",
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
            "nothing_untrue",
            1,
            ("phantom_publication",),
            "the topic is told of nothing that was not committed before",
        ),
        Check("nothing_missing", 1, ("lost_publication",), "the topic is told of every event"),
        Check(
            "in_order",
            1,
            ("reordered_publication",),
            "it is told of an order's events in their order",
        ),
    ),
    faults=("crash", "pause"),
    budget=Budget(effects=300, together=20_000, endless=600),
    lesson="16_event_sourcing",
)
