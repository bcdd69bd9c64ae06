"""One queue: what is ready, in order, and who takes from it in turn.

A copy is *ready* (in the queue), *unacked* (handed to a channel that has not settled it) or
gone. The queue holds the ready ones; the channel that took a copy holds the unacked ones, so
each copy has one holder.

Order. A message goes to the end, behind those of its priority and higher ones. A copy that comes
back to a classic queue takes its old position, ahead of all that came after it (RabbitMQ, "Consumer
Acknowledgements and Publisher Confirms", Negative Acknowledgement and Requeuing). One that comes
back to a quorum queue goes ahead of all that was not handed out yet, whatever its priority, behind
those that came back before it (RabbitMQ's `rabbit_fifo`, take_next_msg).
"""

import heapq
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from minibroker.queues import arguments as queue_arguments
from minibroker.queues.arguments import Arguments
from minibroker.queues.message import Copy, Message

if TYPE_CHECKING:
    from minibroker.queues.channel import Consumer

PRIORITY_STEP = 2**64
"""More than there are positions in one priority."""

QUORUM_PRIORITY, QUORUM_MOST = 4, 31
"""A quorum queue's default priority and its highest (RabbitMQ 4.3, "Quorum Queues", Priorities)."""

CLASSIC_MOST = queue_arguments.MOST_PRIORITIES


class Queue:
    """A named queue. Consumers of the highest priority that have room take turns; with
    `exclusive_to` only that connection may use it."""

    def __init__(
        self,
        name: str,
        durable: bool,
        arguments: Arguments = queue_arguments.NONE,
        auto_delete: bool = False,
        exclusive_to: object = None,
    ) -> None:
        self.name = name
        self.durable = durable
        self.arguments = arguments
        self.auto_delete = auto_delete
        self.exclusive_to = exclusive_to
        self.consumers: deque[Consumer] = deque()
        self.deleted = False
        self.expiring = arguments.message_ttl is not None
        """Whether any copy may have a time to live."""
        self.bounded = self._has_bounds()
        """Whether it may refuse a message, or have too many."""
        self.halted = False
        """Whether the nodes that it needs are down: see `minibroker.queues.cluster`."""
        self.blocked = False
        """Whether a full quorum queue has told its publishers to stop."""
        self.discards: list[tuple[Copy, str, str]] = []
        """Copies with reason and culprit that wait until their dead-letter targets take them."""
        self.timer: int | None = None
        """When the next look at the head for what has expired is due, if it is."""
        self.used = 0
        """When it was last used, for a queue that expires."""
        self.watched = False
        """Whether a look at that is due."""
        self._plain = not arguments.quorum and arguments.max_priority is None
        self._active: Consumer | None = None
        self._ranked = False
        self._ready: list[Copy] = []
        self._bytes = 0
        self._last_position = 0
        self._returned = 0

    def __len__(self) -> int:
        """How many copies are ready."""
        return len(self._ready)

    @property
    def head(self) -> Copy | None:
        """The first ready copy."""
        return self._ready[0] if self._ready else None

    # --- copies --------------------------------------------------------------------------

    def put(self, message: Message, expires: int | None = None) -> Copy:
        """Add a message at the end of its priority; its time is over at `expires`."""
        self._last_position += 1
        copy = Copy(message, self._last_position)
        if not self._plain:
            copy.position -= PRIORITY_STEP * self._priority(message)
            copy.failures = message.failures if self.arguments.quorum else None
        if expires is not None:
            copy.expires = expires
            self.expiring = True
        self._bytes += len(message.body)
        heapq.heappush(self._ready, copy)
        return copy

    def put_back(self, copy: Copy) -> None:
        """Return a copy that was taken."""
        if self.arguments.quorum:
            self._returned += 1
            copy.position = self._returned - PRIORITY_STEP * (QUORUM_MOST + 1)
        self._bytes += len(copy.message.body)
        heapq.heappush(self._ready, copy)

    def take(self) -> Copy | None:
        """Take the first ready copy out to hand it over; None when there is none."""
        copy = self.drop()
        if copy is not None:
            copy.attempts += 1
        return copy

    def drop(self) -> Copy | None:
        """Take the first ready copy out for good; None when there is none."""
        if not self._ready:
            return None
        copy = heapq.heappop(self._ready)
        self._bytes -= len(copy.message.body)
        return copy

    def purge(self) -> list[Copy]:
        """Take all ready copies out, first first."""
        gone = sorted(self._ready)
        self._ready.clear()
        self._bytes = 0
        return gone

    def forget(self, stays: Callable[[Message], bool]) -> list[Copy]:
        """Take out the ready copies of messages that do not stay, first first."""
        gone = sorted(copy for copy in self._ready if not stays(copy.message))
        self._ready = [copy for copy in self._ready if stays(copy.message)]
        heapq.heapify(self._ready)
        self._bytes -= sum(len(copy.message.body) for copy in gone)
        return gone

    def _priority(self, message: Message) -> int:
        wanted = message.properties.get("priority")
        if self.arguments.quorum:
            if type(wanted) is not int:
                return QUORUM_PRIORITY
            return max(0, min(wanted, QUORUM_MOST))
        most = self.arguments.max_priority
        return min(wanted, most) if type(wanted) is int and most is not None else 0

    # --- bounds (RabbitMQ, "Queue Length Limit") -----------------------------------------

    def refuses(self, message: Message) -> bool:
        """Whether the queue is full and takes no more: a classic one when the message would be
        over its bounds, a quorum one once it went over them and until it is at four fifths."""
        if self.halted and not self.arguments.quorum:
            return True
        if self.arguments.overflow == "drop-head":
            return False
        if not self.arguments.quorum:
            return self._over(len(self._ready) + 1, self._bytes + len(message.body))
        if self.blocked and not self._over(*self._held(), share=0.8):
            self.blocked = False
        return self.blocked

    def _has_bounds(self) -> bool:
        arguments = self.arguments
        return arguments.max_length is not None or arguments.max_length_bytes is not None

    def is_over(self) -> bool:
        """Whether more is ready than the queue may hold."""
        over = self.bounded and self._over(*self._held())
        if over and self.arguments.quorum and self.arguments.overflow != "drop-head":
            self.blocked = True
        return over

    def _held(self) -> tuple[int, int]:
        size = sum(len(copy.message.body) for copy, _, _ in self.discards)
        return len(self._ready) + len(self.discards), self._bytes + size

    def _over(self, length: int, size: int, share: float = 1) -> bool:
        most, most_bytes = self.arguments.max_length, self.arguments.max_length_bytes
        return (most is not None and length > int(most * share)) or (
            most_bytes is not None and size > int(most_bytes * share)
        )

    # --- the nodes that it needs ----------------------------------------------------------

    def halt(self) -> None:
        """They are down; a classic queue takes nothing any more."""
        self.halted = True
        if not self.arguments.quorum:
            self.bounded = True

    def resume(self) -> None:
        """They are there again."""
        self.halted = False
        self.bounded = self._has_bounds()

    # --- consumers -----------------------------------------------------------------------

    def next_consumer(self) -> "Consumer | None":
        """The consumer whose turn it is and that has room; None when none has."""
        if self.arguments.single_active_consumer:
            active = self._activated()
            return active if active is not None and active.has_room() else None
        wanted = None
        if self._ranked:
            wanted = max((one.priority for one in self.consumers if one.has_room()), default=None)
        for _ in range(len(self.consumers)):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            if consumer.has_room() and (wanted is None or consumer.priority == wanted):
                return consumer
        return None

    def subscribe(self, consumer: "Consumer") -> None:
        """From now on the consumer has its turns."""
        self.consumers.append(consumer)
        if consumer.priority:
            self._ranked = True
        if self.arguments.single_active_consumer:
            self._activated()

    def unsubscribe(self, consumer: "Consumer") -> None:
        """The consumer has no more turns."""
        self.consumers.remove(consumer)
        if self.arguments.single_active_consumer:
            self._activated()

    def _activated(self) -> "Consumer | None":
        """The single active consumer: it stays while it is subscribed. On a quorum queue one of a
        higher priority takes over as soon as the active one has settled what it holds (RabbitMQ,
        "Consumers", Single Active Consumer)."""
        if not self.consumers:
            self._active = None
            return None
        first = max(self.consumers, key=lambda consumer: consumer.priority)
        active = self._active
        if active is None or active not in self.consumers:
            self._active = first
        elif self.arguments.quorum and first.priority > active.priority:
            if active.unacked:
                return None  # and gets nothing more
            self._active = first
        return self._active
