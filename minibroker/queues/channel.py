"""A channel: delivery tags, what was handed out on it and is not settled, its consumers.

Delivery tags count from 1 on each channel and mean nothing on another (AMQP 0-9-1, 1.1.1,
delivery-tag). With a prefetch count, each consumer started afterwards has at most that many
unacked copies; 0 means no limit (RabbitMQ, "Consumer Prefetch"). Taking one by `get` is not
bounded by it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from minibroker.queues.message import Copy
from minibroker.queues.queue import Queue


@dataclass(frozen=True, slots=True)
class Delivery:
    """A copy of a queue on its way to a client."""

    consumer: str
    tag: int
    copy: Copy
    queue: str

    @property
    def redelivered(self) -> bool:
        """Whether the copy was handed out before, or had failed before it came to its queue."""
        return self.copy.attempts > 1 or self.copy.counted


@dataclass(slots=True, eq=False)
class Consumer:
    """A subscription of a channel to a queue, by its consumer tag."""

    tag: str
    queue: Queue
    channel: "Channel"
    auto_ack: bool
    prefetch: int
    priority: int = 0
    exclusive: bool = False
    unacked: int = 0

    def has_room(self) -> bool:
        """Whether one more delivery may be pushed."""
        channel = self.channel
        if not channel.flowing:
            return False
        if self.auto_ack:
            return True
        return (self.prefetch == 0 or self.unacked < self.prefetch) and (
            channel.limit == 0 or len(channel.unacked) < channel.limit
        )


@dataclass(frozen=True, slots=True)
class Unacked:
    """A copy that was handed out, and by which subscription (None for a `get`)."""

    copy: Copy
    queue: Queue
    consumer: Consumer | None


def ignored(_: str) -> None:
    """What a client does that does not care."""


@dataclass(slots=True, eq=False)
class Channel:
    """One channel of a client. `owner` names the client in the trace; `deliver` is where the
    broker pushes to, `cancelled` is told the tag of a subscription that the broker ended.
    `connection` is whatever stands for the connection that it belongs to. While it is not `flowing`
    nothing is pushed to it. All its consumers together have at most `limit` unacked copies (0: no
    limit), what was taken by `get` included. Answers to its requests go to `replies`, if it has
    subscribed to them by `replies_tag` (`minibroker.queues.direct_replies`)."""

    owner: str
    deliver: Callable[[Delivery], None]
    cancelled: Callable[[str], None] = ignored
    connection: object = None
    prefetch: int = 0
    limit: int = 0
    replies: str = ""
    replies_tag: str = ""
    last_tag: int = 0
    unacked: dict[int, Unacked] = field(default_factory=dict)
    consumers: dict[str, Consumer] = field(default_factory=dict)
    open: bool = True
    node: int = 1
    """The node of the cluster that the connection came to."""
    flowing: bool = True

    def next_tag(self) -> int:
        """The next delivery tag."""
        self.last_tag += 1
        return self.last_tag

    def tags(self, tag: int, multiple: bool) -> list[int]:
        """The unacked tags that an ack of `tag` means, in order; with `multiple` all up to it,
        and 0 for all (AMQP 0-9-1, basic.ack). Empty when there is no such delivery."""
        if not multiple:
            return [tag] if tag in self.unacked else []
        if tag and tag not in self.unacked:
            return []
        return sorted(number for number in self.unacked if not tag or number <= tag)
