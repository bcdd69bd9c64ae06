"""Answers what a `pika`-shaped client asks of a channel about queues and exchanges.

What was there already, or was not there to be taken away, has changed nothing: an effect says so.
"""

from collections.abc import Callable

from minibroker.agents.amqp_arguments import Args, flag, table, text
from minibroker.queues import direct_replies
from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel
from minibroker.queues.exchange import Target
from minibroker.sim.effect import Answer, Did, Reply
from minibroker.sim.values import Value


def _queue_declare(broker: Broker, channel: Channel, args: Args) -> Reply:
    name, passive = text(args, "queue"), flag(args, "passive")
    if direct_replies.is_looked_for(name, passive):
        if name != direct_replies.REPLIES:
            broker.queue(name)
        return Answer({"queue": name, "message_count": 0, "consumer_count": 1}, did="read")
    there = broker.has_queue(name)
    queue = broker.declare_queue(
        name,
        flag(args, "durable"),
        passive,
        flag(args, "exclusive", False),
        flag(args, "auto_delete", False),
        table(args, "arguments"),
        channel.connection,
    )
    return Answer(
        {
            "queue": queue.name,
            "message_count": len(queue),
            "consumer_count": len(queue.consumers),
        },
        did="read" if there else "changed",
    )


def _queue_delete(broker: Broker, channel: Channel, args: Args) -> Reply:
    name = text(args, "queue")
    there = broker.has_queue(name)
    count = broker.delete_queue(
        channel.owner,
        name,
        flag(args, "if_unused"),
        flag(args, "if_empty"),
        channel.connection,
    )
    return Answer(count, did=changing(there))


def _queue_purge(broker: Broker, channel: Channel, args: Args) -> Reply:
    count = broker.purge(channel.owner, text(args, "queue"), channel.connection)
    return Answer(count, did=changing(count > 0))


def _queue_bind(broker: Broker, channel: Channel, args: Args) -> Reply:
    changed = broker.bind(text(args, "queue"), *_binding(args, "exchange"), channel.connection)
    return Answer(None, did=changing(changed))


def _queue_unbind(broker: Broker, channel: Channel, args: Args) -> Reply:
    target: Target = "queue", text(args, "queue")
    return Answer(None, did=changing(broker.unbind(target, *_binding(args, "exchange"))))


def _exchange_declare(broker: Broker, channel: Channel, args: Args) -> Reply:
    made = broker.declare_exchange(
        text(args, "exchange"),
        flag(args, "durable"),
        flag(args, "passive"),
        text(args, "exchange_type", "direct"),
        flag(args, "auto_delete", False),
        flag(args, "internal", False),
        table(args, "arguments"),
    )
    return Answer(None, did=changing(made))


def _exchange_delete(broker: Broker, channel: Channel, args: Args) -> Reply:
    gone = broker.delete_exchange(text(args, "exchange"), flag(args, "if_unused"))
    return Answer(None, did=changing(gone))


def _exchange_bind(broker: Broker, channel: Channel, args: Args) -> Reply:
    changed = broker.bind_exchange(text(args, "destination"), *_binding(args, "source"))
    return Answer(None, did=changing(changed))


def _exchange_unbind(broker: Broker, channel: Channel, args: Args) -> Reply:
    target: Target = "exchange", text(args, "destination")
    return Answer(None, did=changing(broker.unbind(target, *_binding(args, "source"))))


def _binding(args: Args, source: str) -> tuple[str, str, dict[str, Value]]:
    return text(args, source), text(args, "routing_key"), table(args, "arguments")


def changing(changed: bool) -> Did:
    """What an effect did."""
    return "changed" if changed else "read"


TOPOLOGY: dict[str, Callable[[Broker, Channel, Args], Reply]] = {
    "queue_declare": _queue_declare,
    "queue_delete": _queue_delete,
    "queue_purge": _queue_purge,
    "queue_bind": _queue_bind,
    "queue_unbind": _queue_unbind,
    "exchange_declare": _exchange_declare,
    "exchange_delete": _exchange_delete,
    "exchange_bind": _exchange_bind,
    "exchange_unbind": _exchange_unbind,
}
