"""What Kafka's scenarios share: plain values of what the client gives, and polls that end.

Nothing here sleeps or makes a client: see `tests.fidelity.scenario`.
"""

from collections.abc import Callable, Sequence
from typing import Any

POLL = 0.2
POLLS = 150
"""Polls without what is waited for until a scenario gives up: 30 s or more."""


def reader(kafka: str, group: str, **settings: Any) -> dict[str, Any]:
    """The configuration of a consumer that commits nothing by itself; ``auto_offset_reset`` and
    the like are settings."""
    return {
        "bootstrap.servers": kafka,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 500,
        "topic.metadata.refresh.interval.ms": 1000,
    } | _dotted(settings)


def writer(kafka: str, **settings: Any) -> dict[str, Any]:
    """The configuration of a producer."""
    return {"bootstrap.servers": kafka, "linger.ms": 0, "log_level": 0} | _dotted(settings)


def _dotted(settings: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("_", "."): value for key, value in settings.items()}


def done(admin: Any, call: str, *args: Any, **options: Any) -> list[Any]:
    """Let an admin client do something, and wait until it is done: what its futures give. The
    client must live until then."""
    return [future.result(30) for future in getattr(admin, call)(*args, **options).values()]


def topic_made(admin: Any, topic: Any) -> None:
    """Create a `NewTopic`, and wait until the broker says that it is there."""
    done(admin, "create_topics", [topic])
    for _ in range(POLLS):
        found = admin.list_topics(timeout=30).topics.get(topic.topic)
        if found is not None and len(found.partitions) == topic.num_partitions:
            return
    raise AssertionError(f"{topic.topic} was not there in the end")


def error(problem: Any) -> dict[str, Any] | None:
    """A KafkaError, or the one inside an exception, in plain values."""
    if problem is None:
        return None
    found = problem.args[0] if isinstance(problem, Exception) else problem
    return {
        "code": found.name(),
        "fatal": found.fatal(),
        "retriable": found.retriable(),
        "abort": found.txn_requires_abort(),
    }


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, None included, or how it fails."""
    try:
        return call()
    except Exception as problem:
        if problem.args and hasattr(problem.args[0], "txn_requires_abort"):
            return {"raises": type(problem).__name__, **(error(problem) or {})}
        return {"raises": type(problem).__name__, "text": str(problem)}


def record(message: Any) -> dict[str, Any]:
    """A message that has no error."""
    assert message.error() is None, message.error()
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": message.key(),
        "value": message.value(),
    }


def places(partitions: Sequence[Any]) -> list[Any]:
    """Partitions with their offsets, in order."""
    return sorted([each.partition, each.offset] for each in partitions)


def numbers(partitions: Sequence[Any]) -> list[int]:
    """Partitions by number, in order."""
    return sorted(each.partition for each in partitions)


def take(consumer: Any, count: int, polls: int = POLLS) -> list[Any]:
    """Poll until there are so many messages; fewer when they do not come."""
    found: list[Any] = []
    for _ in range(polls):
        if len(found) >= count:
            break
        message = consumer.poll(POLL)
        if message is not None:
            found.append(message)
    return found


def until(holds: Callable[[], bool], *consumers: Any, take_messages: bool = False) -> list[Any]:
    """Poll consumers in turn until it holds; gives the messages that came meanwhile."""
    found: list[Any] = []
    for _ in range(POLLS):
        if holds():
            return found
        for each in consumers:
            message = each.poll(POLL / len(consumers))
            if message is not None:
                found.append(message)
    raise AssertionError("it never came to what was waited for")


def drained(consumer: Any, quiet: int = 4, first: int = POLLS) -> list[Any]:
    """Poll until messages have come and then none comes for `quiet` polls."""
    found: list[Any] = []
    silent = 0
    for _ in range(first):
        message = consumer.poll(POLL)
        if message is not None:
            found.append(message)
            silent = 0
        elif found:
            silent += 1
            if silent >= quiet:
                break
    return found
