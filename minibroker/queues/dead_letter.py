"""What becomes of a message that a queue gives up: its headers on the way to a dead-letter
exchange, and when it has gone in a circle.

(RabbitMQ, "Dead Letter Exchanges": Effects on Messages, Routing Dead-Lettered Messages, and
Automatic Dead-Letter Cycles; the shape is that of 4.x, in which what a client itself wrote into
``x-death`` is not counted.)
"""

from dataclasses import replace

from minibroker.queues.message import Death, Message
from minibroker.sim.values import Value

WITHOUT = {
    "rejected": "dropped",
    "expired": "expired",
    "maxlen": "overflowed",
    "delivery_limit": "undeliverable",
}
"""The reasons for which a queue gives a copy up, and how it is settled when there is no
dead-letter exchange."""


def died(
    message: Message, queue: str, reason: str, exchange: str, routing_key: str | None, time: int
) -> Message:
    """The message as it goes on: published to the dead-letter exchange with its history in its
    headers, and without a time to live of its own. Without a `routing_key` it keeps all that it
    has. `time` is in seconds."""
    deaths = _recorded(message, queue, reason, time)
    headers = message.properties.get("headers")
    first = _first(message, queue, reason)
    history: dict[str, Value] = {
        "x-death": [_table(death) for death in deaths],
        **first,
        "x-last-death-reason": reason,
        "x-last-death-queue": queue,
        "x-last-death-exchange": message.exchange,
    }
    properties = {name: value for name, value in message.properties.items() if name != "expiration"}
    properties["headers"] = (headers if isinstance(headers, dict) else {}) | history
    return replace(
        message,
        exchange=exchange,
        routing_key=message.routing_key if routing_key is None else routing_key,
        properties=properties,
        deaths=deaths,
        copies=message.copies if routing_key is None else (),
        encoded=None,
    )


def in_circle(message: Message, queue: str) -> bool:
    """Whether a message that would go to `queue` had died there before, and no client has
    rejected it since: such a message is dropped."""
    for number, death in enumerate(message.deaths):
        if death.queue == queue:
            return all(each.reason != "rejected" for each in message.deaths[: number + 1])
    return False


def _recorded(message: Message, queue: str, reason: str, time: int) -> tuple[Death, ...]:
    """The deaths with one more, most recent first: one entry for each queue and reason."""
    others = tuple(
        death for death in message.deaths if (death.queue, death.reason) != (queue, reason)
    )
    for death in message.deaths:
        if (death.queue, death.reason) == (queue, reason):
            return (replace(death, count=death.count + 1), *others)
    expiration = message.properties.get("expiration")
    new = Death(
        queue,
        reason,
        message.exchange,
        message.routing_key,
        time,
        expiration=expiration if isinstance(expiration, str) else None,
        copies=_named(message),
    )
    return (new, *others)


def _named(message: Message) -> tuple[str, ...]:
    """Of its further routing keys those that everybody may know."""
    headers = message.properties.get("headers")
    known = headers.get("CC") if isinstance(headers, dict) else None
    return tuple(key for key in message.copies if isinstance(known, list) and key in known)


def _first(message: Message, queue: str, reason: str) -> dict[str, Value]:
    headers = message.properties.get("headers")
    if message.deaths and isinstance(headers, dict):
        names = ("x-first-death-reason", "x-first-death-queue", "x-first-death-exchange")
        return {name: headers[name] for name in names if name in headers}
    return {
        "x-first-death-reason": reason,
        "x-first-death-queue": queue,
        "x-first-death-exchange": message.exchange,
    }


def _table(death: Death) -> Value:
    table: dict[str, Value] = {
        "count": death.count,
        "reason": death.reason,
        "queue": death.queue,
        "time": death.time,
        "exchange": death.exchange,
        "routing-keys": [death.routing_key, *death.copies],
    }
    if death.expiration is not None:
        table["original-expiration"] = death.expiration
    return table
