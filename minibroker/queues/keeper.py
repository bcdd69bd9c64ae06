"""What is to be there again after a restart, and who is told of it.

A durable queue comes back, and in it what was published as persistent; in a quorum queue everything
(RabbitMQ, "Queues", Durability; "Quorum Queues", Feature Matrix). Durable exchanges come back, and
bindings between what does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from minibroker.queues.exchange import Exchange, Target
from minibroker.queues.message import Copy, Message
from minibroker.queues.queue import Queue
from minibroker.sim.values import Value

PERSISTENT = 2
"""The delivery mode of what is to outlive the broker (AMQP 0-9-1, basic, delivery-mode)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy as it was before a restart; `id` is never 0, for the rest see `Copy`."""

    id: int
    queue: str
    message: Message
    attempts: int = 0
    failures: int | None = None
    expires: int | None = None


class Keeper(Protocol):
    """Is told of each change when it has happened; refuses nothing."""

    def queue_made(self, queue: Queue) -> None:
        """A durable queue is there."""

    def queue_gone(self, name: str) -> None:
        """And gone, with all its copies and bindings."""

    def exchange_made(self, exchange: Exchange) -> None:
        """A durable exchange is there."""

    def exchange_gone(self, name: str) -> None:
        """And gone, with its bindings; it need not have been durable."""

    def bound(
        self, target: Target, source: str, routing_key: str, arguments: Mapping[str, Value]
    ) -> None:
        """A durable exchange is bound to something durable."""

    def unbound(
        self, target: Target, source: str, routing_key: str, arguments: Mapping[str, Value]
    ) -> None:
        """No more."""

    def arrived(self, queue: Queue, copy: Copy) -> int:
        """A copy that is to be kept is in its queue. Gives what it is known by: `Copy.kept`."""

    def counted(self, copy: Copy) -> None:
        """It was handed out, or came back by a failure, once more."""

    def gone(self, copy: Copy) -> None:
        """It has left its queue for good."""


def is_kept(queue: Queue, message: Message) -> bool:
    """Whether this message is to be in this queue after a restart."""
    if not queue.durable:
        return False
    return queue.arguments.quorum or message.properties.get("delivery_mode") == PERSISTENT
