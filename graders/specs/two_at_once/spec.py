"""The first experiment of lesson 16: two handlers decide on one order at the same moment.

Goal: the learner sees that a version that is looked up and then written is no check, that a unique
key is one, and that a refused append has to be decided anew. Non-goals: publication, snapshots,
commands with several events.
"""

from graders.spec import Budget, Check, Role, Spec
from graders.stage import Owes, Stage
from minibroker.sim.values import Value


def scenario(stage: Stage) -> None:
    """An order is placed, gets an item, and then another item and the payment come at once."""
    stage.event_store("events", "snapshots")
    stage.queue("commands")
    commands: tuple[tuple[float, dict[str, Value]], ...] = (
        (1.0, {"id": "place-1", "do": "place", "cents": 1000}),
        (2.0, {"id": "add-1", "do": "add", "cents": 500}),
        (4.0, {"id": "add-2", "do": "add", "cents": 250}),
        (4.0, {"id": "pay-1", "do": "pay"}),
    )
    for at, command in commands:
        name = str(command["id"])
        stage.publish(at, "commands", command | {"order": "order-1"}, Owes("event", name))


SPEC = Spec(
    name="two_at_once",
    version=1,
    roles=(Role("handle", {"channel": "pika.channel", "database": "database"}, count=2),),
    scenario=scenario,
    checks=(
        Check("one_history", 1, ("conflicting_append",), "the order's events are one sequence"),
        Check("rules_kept", 1, ("invariant_violation",), "no event breaks the rules of an order"),
        Check(
            "nothing_lost",
            1,
            ("lost_command", "repeated_command"),
            "every command is carried out once or refused",
        ),
    ),
    faults=("crash", "preempt"),
    budget=Budget(effects=100, together=10_000, endless=400),
    lesson="16_event_sourcing",
)
