"""When messages and unused queues expire (RabbitMQ, "Time-To-Live and Expiration").

A copy is looked at only when it is first in its queue, so a short time to live waits behind a long
one. One timer a queue stands at the moment when its head expires; a timer that comes when the head
is another does nothing.
"""

import re
from collections.abc import Callable, Mapping

from minibroker.queues import arguments, terms
from minibroker.queues.errors import PreconditionFailed
from minibroker.queues.message import Message
from minibroker.queues.queue import Queue
from minibroker.sim.clock import MILLISECOND, Clock
from minibroker.sim.values import Value

NUMBER = re.compile(r"([+-]?[0-9]+)(.*)", re.DOTALL)


def check(properties: Mapping[str, Value]) -> None:
    """Refuse an `expiration` that is no number of milliseconds, as text."""
    text = properties.get("expiration")
    if text is None:
        return
    number = NUMBER.match(text) if isinstance(text, str) else None
    if number is None:
        wrong = "no_integer"
    elif number[2]:
        wrong = f'{{leftover_string,"{number[2]}"}}'
    else:
        wrong = arguments.expiry(int(number[1][:20]))
    if wrong:
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - invalid expiration '{terms.plain(text)}': {wrong}"
        )


def deadline(message: Message, queue: Queue, now: int) -> int | None:
    """When a message that is put into the queue now expires: the smaller of its own time to live
    and the queue's counts. In a quorum queue no time at all means a millisecond (RabbitMQ's
    `rabbit_fifo`, update_expiry_header)."""
    own = message.properties.get("expiration")
    span = queue.arguments.message_ttl
    if isinstance(own, str):
        mine = int(own) * MILLISECOND
        span = mine if span is None else min(span, mine)
    if span is None:
        return None
    return now + (max(span, MILLISECOND) if queue.arguments.quorum else span)


class Timers:
    """Wakes the broker when a queue's head expires and when an unused queue does."""

    def __init__(
        self,
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
        head_expired: Callable[[Queue], None],
        unused: Callable[[Queue], None],
    ) -> None:
        self._clock = clock
        self._at = at
        self._head_expired = head_expired
        self._unused = unused

    def watch_head(self, queue: Queue) -> None:
        """Come back when the queue's head expires."""
        head = queue.head
        if head is None or head.expires is None:
            return
        if queue.timer is not None and queue.timer <= head.expires:
            return
        when = queue.timer = head.expires

        def look() -> None:
            if queue.timer == when and not queue.deleted:
                queue.timer = None
                self._head_expired(queue)

        self._at(when, look)

    def used(self, queue: Queue) -> None:
        """Somebody declared the queue, took from it, or ended the last subscription to it: its
        time (``x-expires``) begins anew."""
        queue.used = self._clock.now
        self.watch_use(queue)

    def watch_use(self, queue: Queue) -> None:
        """Come back when its time may be over."""
        span = queue.arguments.expires
        if span is None or queue.watched or queue.deleted or queue.consumers:
            return
        queue.watched = True

        def look() -> None:
            queue.watched = False
            if queue.deleted or queue.consumers:
                return
            if queue.used + span <= self._clock.now:
                self._unused(queue)
            else:
                self.watch_use(queue)

        self._at(max(queue.used + span, self._clock.now), look)
