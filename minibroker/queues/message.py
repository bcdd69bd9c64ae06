"""A message, and a copy of it in one queue."""

from dataclasses import dataclass, field

from minibroker.sim.values import Value


@dataclass(frozen=True, slots=True)
class Death:
    """How often a message was dead-lettered from `queue` for `reason`, and as what it had been
    published there the first time, `copies` being its further routing keys (``CC``). `time` counts
    seconds; `expiration` is the time to live that the message itself had, in milliseconds as text
    (RabbitMQ, "Dead Letter Exchanges", Effects on Messages)."""

    queue: str
    reason: str
    exchange: str
    routing_key: str
    time: int
    count: int = 1
    expiration: str | None = None
    copies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What was published, once. `number` counts the broker's messages from 1. What goes on to a
    dead-letter exchange keeps its number and gets other properties and one more of its `deaths`,
    most recent first. `failures` is how often it had failed in the quorum queues on its way, and
    `copies` are its routing keys besides (RabbitMQ, "Sender-selected Distribution"). `encoded` is
    whatever whoever runs the broker keeps beside properties that are still those that were
    published."""

    number: int
    body: bytes
    exchange: str
    routing_key: str
    properties: dict[str, Value] = field(default_factory=dict)
    deaths: tuple[Death, ...] = ()
    failures: int = 0
    copies: tuple[str, ...] = ()
    encoded: object = None


@dataclass(slots=True)
class Copy:
    """One message in one queue. `position` is its place in that queue's order; `attempts` counts
    how often it was handed out; `failures` how often it came back by a failure, None where the
    queue does not count them. `expires` is when its time to live is over (microseconds). `kept` is
    what a `Keeper` knows it by, 0 if it is in memory only."""

    message: Message
    position: int
    attempts: int = 0
    failures: int | None = None
    expires: int | None = None
    kept: int = 0

    def __lt__(self, other: "Copy") -> bool:
        return self.position < other.position

    @property
    def counted(self) -> bool:
        """Whether its queue, a quorum one, has something to say of handing it out before."""
        return self.failures is not None and (self.attempts > 1 or self.failures > 0)

    def properties(self) -> dict[str, Value]:
        """What a client sees: the message's properties and, from a quorum queue, how often the
        copy was handed out before and how often that failed (RabbitMQ, "Quorum Queues", Poison
        Message Handling). At first a dead letter counts as handed out as often as it had failed
        (`rabbit_fifo_client`, add_delivery_count_header)."""
        found = dict(self.message.properties)
        if not self.counted:
            return found
        headers = found.get("headers")
        counts: dict[str, Value] = {"x-acquired-count": (self.attempts - 1) or self.failures}
        if self.failures:
            counts["x-delivery-count"] = self.failures
        found["headers"] = (headers if isinstance(headers, dict) else {}) | counts
        return found
