"""Which drills there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ackademy.drill.steps import Script
from graders.spec import UnknownName


@dataclass(frozen=True)
class Drill:
    """A drill: what it trains, how many minutes it takes, and its script by seed."""

    name: str
    title: str
    trains: str
    minutes: int
    script: Callable[[int], Script]


def _poison_message(seed: int) -> Script:
    from ackademy.drill.hunt import hunt
    from ackademy.drill.poison_message import HUNT

    return hunt(HUNT, seed)


def _skipped_order(seed: int) -> Script:
    from ackademy.drill.hunt import hunt
    from ackademy.drill.skipped_order import HUNT

    return hunt(HUNT, seed)


def _cancelled_and_paid(seed: int) -> Script:
    from ackademy.drill.cancelled_and_paid import HUNT
    from ackademy.drill.hunt import hunt

    return hunt(HUNT, seed)


def _order_sizing(seed: int) -> Script:
    from ackademy.drill.order_sizing import order_sizing

    return order_sizing(seed)


DRILLS: Sequence[Drill] = (
    Drill(
        "poison_message",
        "Bug hunt: the order that came back",
        "read a RabbitMQ worker, say what it does to one bad message, prove it, mend it",
        15,
        _poison_message,
    ),
    Drill(
        "skipped_order",
        "Bug hunt: the order that nobody came back to",
        "read a Kafka service, say what its commits do to an order that failed, prove it, mend it",
        15,
        _skipped_order,
    ),
    Drill(
        "cancelled_and_paid",
        "Bug hunt: the order that was cancelled and paid",
        "read a saga's orchestrator, say what it leaves half done, prove it, mend it",
        15,
        _cancelled_and_paid,
    ),
    Drill(
        "order_sizing",
        "Sizing: an order service at its peak",
        "consumers, prefetch, backlog, drain time and disk in your head; one demand changes "
        "half-way",
        10,
        _order_sizing,
    ),
)


def drill_of(name: str) -> Drill:
    """The drill of that name, or `UnknownName` with the names there are."""
    for drill in DRILLS:
        if drill.name == name:
            return drill
    raise UnknownName("drill", name, [drill.name for drill in DRILLS])


def listing() -> str:
    """All drills with what each trains and how long it takes, a paragraph each."""
    return "\n\n".join(
        f"{drill.name}, about {drill.minutes} minutes\n  {drill.title}.\n  You train to: "
        f"{drill.trains}."
        for drill in DRILLS
    )
