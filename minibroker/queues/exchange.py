"""Exchanges decide which queues a message goes to.

The default exchange (named by the empty string) needs no state: it routes to the queue whose
name is the routing key, and cannot be bound (AMQP 0-9-1, 3.1.3.1).
"""

from dataclasses import dataclass, field

DEFAULT = ""


@dataclass(slots=True)
class DirectExchange:
    """Routes to every queue bound with exactly the message's routing key."""

    name: str
    durable: bool
    _bound: dict[str, list[str]] = field(default_factory=dict)

    def bind(self, queue: str, routing_key: str) -> None:
        """Binding twice is binding once."""
        queues = self._bound.setdefault(routing_key, [])
        if queue not in queues:
            queues.append(queue)

    def route(self, routing_key: str) -> list[str]:
        """The queues that a message goes to, in the order they were bound."""
        return list(self._bound.get(routing_key, ()))
