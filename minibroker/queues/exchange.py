"""Exchanges decide which queues a message goes to.

Each type is one way to look at the bindings (RabbitMQ, "Exchanges"). The default exchange, named
by the empty string, needs no state: it routes to the queue whose name is the routing key, and
cannot be bound (AMQP 0-9-1, 3.1.3.1).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from minibroker.queues import headers as header_arguments
from minibroker.queues import topic
from minibroker.sim.values import Value

DEFAULT = ""

Target: TypeAlias = tuple[Literal["queue", "exchange"], str]
"""Where a binding leads, by kind and name."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Lets an exchange put messages into `target`. `words` are those of a topic pattern."""

    target: Target
    routing_key: str
    arguments: dict[str, Value]
    words: list[str]


@dataclass(slots=True)
class Exchange:
    """An exchange, with its bindings in the order in which they were made."""

    name: str
    kind: str = "direct"
    durable: bool = False
    auto_delete: bool = False
    internal: bool = False
    arguments: dict[str, Value] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    _by_key: dict[str, list[Target]] = field(default_factory=dict)

    @property
    def alternate(self) -> str | None:
        """Where messages go that no binding lets through (RabbitMQ, "Alternate Exchanges")."""
        name = self.arguments.get("alternate-exchange")
        return name if isinstance(name, str) else None

    def bind(self, target: Target, routing_key: str, arguments: Mapping[str, Value]) -> bool:
        """Binding twice is binding once. Gives whether anything changed."""
        binding = Binding(target, routing_key, dict(arguments), topic.words(routing_key))
        if binding in self.bindings:
            return False
        self.bindings.append(binding)
        targets = self._by_key.setdefault(routing_key, [])
        if target not in targets:
            targets.append(target)
        return True

    def unbind(self, binding: Binding) -> None:
        """Take a binding away."""
        self.bindings.remove(binding)
        self._by_key.clear()
        for each in self.bindings:
            targets = self._by_key.setdefault(each.routing_key, [])
            if each.target not in targets:
                targets.append(each.target)

    def targets(self, routing_key: str, headers: Mapping[str, Value]) -> Iterable[Target]:
        """Where a message goes from here; a target may come up more than once."""
        if self.kind == "direct":
            return self._by_key.get(routing_key, ())
        lets_through = WAYS[self.kind](routing_key, headers)
        return [each.target for each in self.bindings if lets_through(each)]


Way: TypeAlias = Callable[[str, Mapping[str, Value]], Callable[[Binding], bool]]


def _direct(routing_key: str, _: Mapping[str, Value]) -> Callable[[Binding], bool]:
    return lambda binding: binding.routing_key == routing_key


def _fanout(_: str, __: Mapping[str, Value]) -> Callable[[Binding], bool]:
    return lambda _: True


def _topic(routing_key: str, _: Mapping[str, Value]) -> Callable[[Binding], bool]:
    words = topic.words(routing_key)
    return lambda binding: topic.matches(binding.words, words)


def _headers(_: str, headers: Mapping[str, Value]) -> Callable[[Binding], bool]:
    return lambda binding: header_arguments.matches(binding.arguments, headers)


WAYS: dict[str, Way] = {
    "direct": _direct,
    "fanout": _fanout,
    "topic": _topic,
    "headers": _headers,
}
