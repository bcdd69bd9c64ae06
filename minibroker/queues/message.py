"""A message, and a copy of it in one queue."""

from dataclasses import dataclass, field

from minibroker.sim.values import Value


@dataclass(frozen=True, slots=True)
class Message:
    """What was published, once. `number` counts the broker's messages from 1."""

    number: int
    body: bytes
    exchange: str
    routing_key: str
    properties: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Copy:
    """One message in one queue. `position` is its place in that queue's order, kept when it
    is requeued; `attempts` counts how often it was handed out."""

    message: Message
    position: int
    attempts: int = 0

    def __lt__(self, other: "Copy") -> bool:
        return self.position < other.position
