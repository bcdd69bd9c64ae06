"""Bug hunt: an event store that compares versions by itself and publishes while it appends."""

import json

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.judges.streams import store
from graders.spec import load
from graders.stage import Run
from minibroker.sim.trace import Appended

NAME = "one_version_twice"


def in_the_store(run: Run) -> list[int]:
    """The amounts of the order's events, as they are in the store at the end."""
    [stream] = store(run.trace).streams.values()
    return [event.row["cents"] for event in stream if isinstance(event.row["cents"], int)]


def in_the_topic(run: Run) -> list[tuple[int, int]]:
    """What the topic was told: (version, amount) of each record, in order."""
    told = [json.loads(event.value or b"{}") for event in run.trace.of(Appended)]
    return [(each["version"], each["cents"]) for each in told]


def _events(run: Run) -> int:
    return {3: 0, 2: 1, 4: 2}.get(len(in_the_store(run)), 3)


def _records(run: Run) -> int:
    versions = sorted(version for version, _ in in_the_topic(run))
    return {(1, 2, 3): 0, (1, 2): 1, (1, 2, 2): 2}.get(tuple(versions), 3)


def _sums(code: str, seed: int) -> str:
    """What a reader of the topic and a reader of the store make of it."""
    run, _ = one_run(load(NAME), code, (), seed)
    stored = sum(in_the_store(run))
    everything = sum(cents for _, cents in in_the_topic(run))
    first: dict[int, int] = {}
    for version, cents in in_the_topic(run):
        first.setdefault(version, cents)
    return (
        "What does the order come to? Three readers of the same run:\n"
        f"  the store: {stored / 100:.2f}\n"
        f"  the topic, every record added up: {everything / 100:.2f}\n"
        f"  the topic, by a reader that takes each version once: {sum(first.values()) / 100:.2f}\n"
        "The customer has asked for both items. No reader can find out from what it has which of "
        "them was overwritten."
    )


def _insert_alone(code: str, seed: int) -> str:
    """The same code with an insert in place of the put."""
    inserting = code.replace("transaction.put(", "transaction.insert(")
    assert inserting != code
    run, _ = one_run(load(NAME), inserting, (), seed)
    stored, told = len(in_the_store(run)), len(in_the_topic(run))
    return (
        "Is it enough to write `transaction.insert` for `transaction.put`? Then the key is taken "
        "for whoever comes second, and the append fails with UniqueViolation. In that run there "
        f"are {stored} events in the store and {told} records in the topic: the refused event had "
        "been published before. A record cannot be taken back."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="compares_and_publishes",
    story=(
        "A shop keeps the history of its orders in the table `events` and tells the Kafka topic "
        "`order-events` of each event. Two handlers take commands from the RabbitMQ queue "
        "`commands`. An order is placed; two seconds later two items are added to it at the same "
        "moment, one by each handler. No process fails. Here is the handler:"
    ),
    predictions=(
        Prediction(
            "events in the store",
            "How many events has the order in the store at the end?",
            (
                "3, versions 1, 2 and 3",
                "2, versions 1 and 2",
                "4, one of them twice",
                "another number",
            ),
            _events,
            "Both handlers load the order at version 1, and both find version 1 again when they "
            "compare: the other one has not written yet. Both write under the key of version 2; "
            "the second one overwrites the first. Comparing and writing are two steps.",
        ),
        Prediction(
            "records in the topic",
            "And which versions was the topic told of?",
            ("1, 2 and 3", "1 and 2", "1, and 2 twice, with different items", "something else"),
            _records,
            "Each handler publishes before its transaction commits. So the topic was told of both "
            "items as event 2, and one of them is not in the store. flush() waits until the broker "
            "has the record; from then on every reader may have seen it. [confluent-kafka-python, "
            "Producer.flush]",
        ),
    ),
    names={
        "conflicting_append": (
            "two writers believe to be the next, and an order's history is no sequence any more. "
            "Here the second one overwrites what the first one wrote: a lost update."
        ),
        "phantom_publication": (
            "the topic is told of an event that is not in the store. That happens here, too, in "
            "every run: look at the other checks."
        ),
        "lost_publication": (
            "an event is in the store and the topic is never told of it. Here the topic is told "
            "first, so it rather knows too much."
        ),
        "partial_append": (
            "somebody can read one event of a command without the other. Here each command has one."
        ),
    },
    asides=(_sums, _insert_alone),
    task=(
        "Mend the handler. Each command has one event, the versions are 1, 2, 3, and the topic is\n"
        "told of every event after it was committed. It may be told twice: readers know an event\n"
        "by its order and version. A handler may crash after any step; its command comes again."
    ),
    caveat=(
        "Here two handlers may publish events 2 and 3 in either order, and nobody minds. Where a "
        "reader needs an order's events in their order, leave all publishing to one relay, as in "
        "the exercise event_sourcing."
    ),
    interview=(
        (
            "Read, compare, write is three steps, and somebody else fits between them. Let the "
            "database compare: a unique key on (stream, version), so that the second insert fails.",
            "shown above",
        ),
        (
            "Who is refused loads again and decides again: the event was decided on something that "
            "is no more.",
            "shown in lesson 16",
        ),
        (
            "A database and a broker cannot be written in one step: publish after the commit, from "
            "what is committed, as often as needed, and let readers drop what they know.",
            "the crashes above; Kafka documentation, Message Delivery Semantics",
        ),
    ),
)
