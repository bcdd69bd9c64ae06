"""A broker with a clock that a test moves, and clients of it."""

from typing import Any

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.sim.trace import DeadLettered, Settled, Trace
from tests.minibroker.queues.due import Due


class Stand:
    """A broker, its trace and its timers."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.due = Due()
        self.broker = Broker(self.due.clock, self.trace, self.due.at)

    def queue(self, name: str = "work", **arguments: Any) -> str:
        """A durable queue; the arguments' names without ``x-`` and with underscores."""
        given = {"x-" + key.replace("_", "-"): value for key, value in arguments.items()}
        return self.broker.declare_queue(name, arguments=given).name

    def publish(
        self, *bodies: str, to: str = "work", exchange: str = "", **properties: Any
    ) -> None:
        """Publish bodies with the same properties."""
        for body in bodies:
            self.broker.publish("scenario", exchange, to, body.encode(), properties)

    def ready(self, queue: str = "work") -> int:
        """How many copies wait."""
        return len(self.broker.queue(queue))

    def bodies(self, queue: str = "work") -> list[str]:
        """What waits, in order, taken out to look at it."""
        client, found = Client(self), []
        while (delivery := client.get(queue, auto_ack=True)) is not None:
            found.append(delivery.copy.message.body.decode())
        return found

    def ends(self) -> list[str]:
        """How copies left for good, in order."""
        return [
            event.how if isinstance(event, Settled) else event.reason
            for event in self.trace
            if isinstance(event, Settled | DeadLettered)
        ]


class Client:
    """A channel of its own connection, and what came to it."""

    def __init__(self, stand: Stand, prefetch: int = 0) -> None:
        self.broker = stand.broker
        self.got: list[Delivery] = []
        self.cancelled: list[str] = []
        self.channel: Channel = stand.broker.open_channel(
            "client#1", self.got.append, self.cancelled.append, connection=self
        )
        self.channel.prefetch = prefetch

    def consume(self, queue: str = "work", tag: str = "tag", auto_ack: bool = False,
                exclusive: bool = False, **arguments: Any) -> None:  # fmt: skip
        """Subscribe."""
        given = {"x-" + key: value for key, value in arguments.items()}
        self.broker.consume(self.channel, queue, tag, auto_ack, exclusive, given)

    def get(self, queue: str = "work", auto_ack: bool = False) -> Delivery | None:
        """Take one."""
        return self.broker.get(self.channel, queue, auto_ack)

    def take(self, queue: str = "work") -> Delivery:
        """Take one that is there."""
        delivery = self.get(queue)
        assert delivery is not None
        return delivery

    def drop(self, queue: str = "work") -> None:
        """Take one and reject it for good."""
        self.broker.reject(self.channel, self.take(queue).tag, requeue=False)

    def bodies(self) -> list[str]:
        """The bodies that were pushed."""
        return [delivery.copy.message.body.decode() for delivery in self.got]

    def lose(self) -> None:
        """The connection dies."""
        self.broker.disconnect([self], [self.channel], "connection lost")
