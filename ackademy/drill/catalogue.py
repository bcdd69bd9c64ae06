"""Which drills there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

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


def _hunt(name: str) -> Callable[[int], Script]:
    """The bug hunt that the module of this name describes, loaded when it begins."""

    def script(seed: int) -> Script:
        from ackademy.drill.hunt import hunt

        return hunt(import_module(f"ackademy.drill.{name}").HUNT, seed)

    return script


def _order_sizing(seed: int) -> Script:
    from ackademy.drill.order_sizing import order_sizing

    return order_sizing(seed)


DRILLS: Sequence[Drill] = (
    Drill(
        "poison_message",
        "Bug hunt: the order that came back",
        "read a RabbitMQ worker, say what it does to one bad message, prove it, mend it",
        15,
        _hunt("poison_message"),
    ),
    Drill(
        "lost_reply",
        "Bug hunt: the reply that never came",
        "read a client that calls over RabbitMQ, say what one lost reply does to it, prove it, "
        "mend it",
        15,
        _hunt("lost_reply"),
    ),
    Drill(
        "missed_event",
        "Bug hunt: the order that nobody was there for",
        "read a RabbitMQ subscriber, say what it misses and where that goes, prove it, mend it",
        15,
        _hunt("missed_event"),
    ),
    Drill(
        "retry_storm",
        "Bug hunt: the order that did not wait",
        "read a Kafka worker, say when it tries again and what it loses, prove it, mend it",
        15,
        _hunt("retry_storm"),
    ),
    Drill(
        "cancelled_and_paid",
        "Bug hunt: the order that was cancelled and paid",
        "read a saga's orchestrator, say what it leaves half done, prove it, mend it",
        15,
        _hunt("cancelled_and_paid"),
    ),
    Drill(
        "one_version_twice",
        "Bug hunt: two events of one version",
        "read an event store that publishes to Kafka, say what two writers do to it, prove it, "
        "mend it",
        15,
        _hunt("one_version_twice"),
    ),
    Drill(
        "second_invoice",
        "Bug hunt: the invoice that came twice",
        "read a transactional Kafka biller, say what its transaction leaves out, prove it, mend it",
        15,
        _hunt("second_invoice"),
    ),
    Drill(
        "handover",
        "Bug hunt: the orders in the list",
        "read a Kafka consumer, say what a rebalance makes of what it holds, prove it, mend it",
        15,
        _hunt("handover"),
    ),
    Drill(
        "skipped_order",
        "Bug hunt: the order that nobody came back to",
        "read a Kafka service, say what its commits do to an order that failed, prove it, mend it",
        15,
        _hunt("skipped_order"),
    ),
    Drill(
        "trimmed_orders",
        "Bug hunt: the stream that was kept short",
        "read a worker of a Redis group, say what its trim takes along, prove it, mend it",
        15,
        _hunt("trimmed_orders"),
    ),
    Drill(
        "half_a_batch",
        "Bug hunt: the order on a gift card",
        "read an SQS sender, say what becomes of a batch of which a part fails, prove it, mend it",
        15,
        _hunt("half_a_batch"),
    ),
    Drill(
        "unheard_refund",
        "Bug hunt: the refund that nobody heard of",
        "read how SQS queues are subscribed to SNS topics, say who hears of what, prove it, mend "
        "it",
        15,
        _hunt("unheard_refund"),
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
