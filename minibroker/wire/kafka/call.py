"""What a handler is given: one request of one client, and where it came in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from minibroker.log.cluster import Cluster
from minibroker.log.errors import Code, LogError
from minibroker.log.pending import Pending
from minibroker.wire.kafka.messages import Types

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from minibroker.wire.kafka.broker import Broker
    from minibroker.wire.kafka.connection import Connection

T = TypeVar("T")

Answer: TypeAlias = Any
"""A response of `call.types`, its bytes after the header, or None where none is sent."""

Answered: TypeAlias = Answer | Awaitable[Answer]


@dataclass(slots=True)
class Call:
    """One request. `types` are the classes of its response; `who` is the client's id. `cluster` is
    the engine, or what stands for it when a fault makes every use of it fail. `when_sent` is for a
    handler to set: it is called when the answer goes out, which it may never do."""

    broker: "Broker"
    connection: "Connection"
    cluster: Cluster
    version: int
    request: Any
    types: Types
    who: str
    when_sent: Callable[[], None] | None = None

    @property
    def host(self) -> str:
        """Where the client is, as Kafka writes it."""
        return "/" + self.connection.peer.rpartition(":")[0]

    def must_lead(self, topic: str, partition: int) -> None:
        """LogError NOT_LEADER_OR_FOLLOWER unless this broker leads the partition, and
        UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE."""
        leader = self.cluster.leader(topic, partition)
        if leader != self.broker.number:
            raise LogError(
                Code.NOT_LEADER_OR_FOLLOWER,
                f"broker {leader} leads partition {partition} of {topic!r}, not broker "
                f"{self.broker.number}; fetch metadata again",
            )

    def must_coordinate(self, key: str) -> None:
        """LogError NOT_COORDINATOR unless this broker is the one for this group or transactional
        id."""
        coordinator = self.broker.server.coordinator(key)
        if coordinator != self.broker.number:
            raise LogError(
                Code.NOT_COORDINATOR,
                f"broker {coordinator} is the coordinator of {key!r}, not broker "
                f"{self.broker.number}; ask for it again",
            )


async def settled(pending: Pending[T], loop: "AbstractEventLoop") -> T:
    """The engine's answer, when it has one; raises the LogError it was refused with."""
    if not pending.done:
        waiter = loop.create_future()
        pending.then(lambda: None if waiter.done() else waiter.set_result(None))
        await waiter
    return pending.get()
