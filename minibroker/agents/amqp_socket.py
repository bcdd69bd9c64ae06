"""A client's connection as its broker and its peer see it: what was pushed and not read, and when
it was last heard of.

Heartbeats. `pika` agrees with RabbitMQ on 60 s and sends heartbeats only inside its own I/O. After
two of them were missed the broker takes the peer to be gone (RabbitMQ, "Detecting Dead TCP
Connections with Heartbeats and TCP Keepalives"), so a process that does no I/O for 120 s has lost
its connections, and learns of it when it next uses one.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.message import Message
from minibroker.sim.clock import SECOND
from minibroker.sim.values import Value

HEARTBEAT = 60 * SECOND
GIVEN_UP = 2 * HEARTBEAT
"""So long after a client was last heard of its connection is closed."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A delivery on its way to a channel, by number."""

    channel: int
    delivery: Delivery

    def value(self) -> dict[str, Value]:
        """As the client reads it."""
        message = self.delivery.copy.message
        return {
            "channel": self.channel,
            "consumer_tag": self.delivery.consumer,
            "delivery_tag": self.delivery.tag,
            "redelivered": self.delivery.redelivered,
            "exchange": message.exchange,
            "routing_key": message.routing_key,
            "properties": self.delivery.copy.properties(),
            "body": message.body,
        }


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The broker ended a subscription (RabbitMQ, "Consumer Cancel Notification")."""

    channel: int
    consumer: str

    def value(self) -> dict[str, Value]:
        """As the client reads it."""
        return {"channel": self.channel, "cancelled": self.consumer}


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A mandatory message comes back (AMQP 0-9-1, basic.return)."""

    channel: int
    message: Message

    def value(self) -> dict[str, Value]:
        """As the client reads it."""
        return {"channel": self.channel, "returned": returned(self.message)}


Frame: TypeAlias = Pushed | Cancelled | Unrouted


@dataclass(slots=True, eq=False)
class Socket:
    """One connection: its channels by number, and what was pushed and not yet read."""

    last_io: int
    channels: dict[int, Channel] = field(default_factory=dict)
    confirming: set[int] = field(default_factory=set)
    inbox: deque[Frame] = field(default_factory=deque)
    lost: bool = False
    handed_out: Delivery | None = None
    """What its last call gave to the client."""

    def read(self) -> dict[str, Value]:
        """Take the next thing out of the inbox."""
        frame = self.inbox.popleft()
        self.handed_out = frame.delivery if isinstance(frame, Pushed) else None
        return frame.value()

    def forget(self, channel: int) -> None:
        """Nothing that was pushed to a channel is read any more."""
        self.inbox = deque(frame for frame in self.inbox if frame.channel != channel)


def returned(message: Message) -> dict[str, Value]:
    """A message that no queue got, as its publisher gets it back (reply code 312)."""
    return {
        "reply_code": 312,
        "reply_text": "NO_ROUTE",
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "properties": dict(message.properties),
        "body": message.body,
    }
