"""Answers that need no queue of their own (RabbitMQ, "Direct Reply-to").

A client subscribes to `REPLIES` on a channel, without acks. A request that it publishes there with
`reply_to` so carries a name that only this subscription has; answers go to it by the default
exchange, at most once. Nobody can do anything else with such a name.
"""

from collections.abc import Mapping

from minibroker.queues.channel import Channel
from minibroker.queues.errors import NotFound, PreconditionFailed
from minibroker.sim.values import Value

REPLIES = "amq.rabbitmq.reply-to"
"""What a client subscribes to."""


def check_subscription(channel: Channel, auto_ack: bool) -> None:
    """Refuse one that would ack, and a second one."""
    if not auto_ack:
        raise PreconditionFailed("PRECONDITION_FAILED - reply consumer cannot acknowledge")
    if channel.replies:
        raise PreconditionFailed("PRECONDITION_FAILED - reply consumer already set")


def addressed(channel: Channel, properties: Mapping[str, Value]) -> dict[str, Value]:
    """A request's properties, with the name under which its channel waits for answers."""
    if properties.get("reply_to") != REPLIES:
        return dict(properties)
    if not channel.replies:
        raise PreconditionFailed("PRECONDITION_FAILED - fast reply consumer does not exist")
    return {**properties, "reply_to": channel.replies}


def check_usable(queue: str) -> None:
    """Refuse what can be done with queues."""
    if queue.startswith(REPLIES):
        raise NotFound(f"NOT_FOUND - no queue '{queue}' in vhost '/'")


def is_looked_for(queue: str, passive: bool) -> bool:
    """Whether a declaration asks for these; it is answered as that of a queue with one consumer."""
    return queue == REPLIES or (passive and queue.startswith(f"{REPLIES}."))
