"""Subscribing, fetching, and how both end: with the subscription, its channel, its connection."""

from collections.abc import Callable, Iterable, Mapping

from minibroker.queues import declaration, direct_replies
from minibroker.queues.channel import Channel, Consumer, Delivery, Unacked
from minibroker.queues.errors import NotAllowed
from minibroker.queues.flow import Flow
from minibroker.queues.queue import Queue
from minibroker.sim.values import Value

NOTHING: Mapping[str, Value] = {}


class Consuming:
    """`usable(name, connection, what)` gives a queue with which the connection may do this, or
    refuses; `replies(channel, tag)` gives one for the answers to a channel's requests; `left` is
    told of a queue to which a subscription has ended; `global_qos` is whether that is permitted."""

    def __init__(
        self,
        flow: Flow,
        usable: Callable[[str, object, str], Queue],
        replies: Callable[[Channel, str], Queue],
        left: Callable[[Queue], None],
        global_qos: bool,
    ) -> None:
        self._flow = flow
        self._usable = usable
        self._replies = replies
        self._left = left
        self._global_qos = global_qos

    def open_channel(
        self,
        owner: str,
        deliver: Callable[[Delivery], None],
        cancelled: Callable[[str], None] | None = None,
        connection: object = None,
        node: int = 1,
    ) -> Channel:
        """A new channel whose deliveries are given to `deliver`; see `Channel`."""
        channel = Channel(owner, deliver, connection=connection, node=node)
        if self._flow.cluster is not None:
            self._flow.cluster.opened(channel)
        if cancelled is not None:
            channel.cancelled = cancelled
        return channel

    def consume(
        self,
        channel: Channel,
        queue: str,
        tag: str,
        auto_ack: bool,
        exclusive: bool = False,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> Consumer:
        """Subscribe; from now on the broker pushes."""
        if tag in channel.consumers:
            raise NotAllowed(f"NOT_ALLOWED - attempt to reuse consumer tag '{tag}'")
        if queue == direct_replies.REPLIES:
            direct_replies.check_subscription(channel, auto_ack)
            source, priority = self._replies(channel, tag), 0
        else:
            source = self._usable(queue, channel.connection, "consume")
            priority = declaration.admitted(source, exclusive, arguments)
        declaration.check_limit(source, channel.limit)
        consumer = Consumer(tag, source, channel, auto_ack, channel.prefetch, priority, exclusive)
        channel.consumers[tag] = consumer
        source.subscribe(consumer)
        self._flow.look(source)
        return consumer

    def cancel(self, channel: Channel, tag: str) -> None:
        """End a subscription. What it was handed stays unacked on the channel."""
        consumer = channel.consumers.get(tag)
        if consumer is not None and consumer.queue.halted:
            self._usable(consumer.queue.name, channel.connection, "cancel")
        channel.consumers.pop(tag, None)
        if tag == channel.replies_tag:
            channel.replies = channel.replies_tag = ""
        if consumer is not None:
            consumer.queue.unsubscribe(consumer)
            self._left(consumer.queue)
            self._flow.look(consumer.queue)

    def get(self, channel: Channel, queue: str, auto_ack: bool) -> Delivery | None:
        """Take one message, or None when none is ready."""
        source = self._usable(queue, channel.connection, "get")
        declaration.check_get(source)
        self._flow.timers.used(source)
        self._flow.look(source)
        copy = source.take()
        if copy is None:
            return None
        delivery = self._flow.hand_out(copy, source, channel, None, auto_ack)
        self._flow.look(source)
        return delivery

    def qos(self, channel: Channel, count: int, shared: bool = False) -> None:
        """How many unacked copies each consumer that is started afterwards may have, or all of the
        channel's `shared` between them, where that is permitted (else it means the same: RabbitMQ's
        `rabbit_channel`); 0 is no limit."""
        if shared and self._global_qos:
            channel.limit = count
        else:
            channel.prefetch, channel.limit = count, 0
        self._flow.let([channel], channel.flowing)

    # --- ending ------------------------------------------------------------------------

    def close(self, channel: Channel, why: str) -> None:
        """The channel is gone: its subscriptions end and what it has not settled comes back."""
        self.close_all([channel], why)

    def close_all(self, channels: Iterable[Channel], why: str) -> None:
        """They are gone together: what one of them gives back is pushed to none of the others."""
        closing = [channel for channel in channels if channel.open]
        left: dict[Queue, None] = {}
        released: list[Unacked] = []
        for channel in closing:
            channel.open = False
            for consumer in channel.consumers.values():
                consumer.queue.unsubscribe(consumer)
                left[consumer.queue] = None
            channel.consumers.clear()
        for channel in closing:
            held = [channel.unacked[tag] for tag in sorted(channel.unacked)]
            channel.unacked.clear()
            if self._flow.cluster is not None:
                held = self._flow.cluster.closed(channel, held, why)
            for unacked in held:
                self._flow.requeue(channel.owner, unacked, why, failed=True)
            released += held
        for queue in left:
            self._left(queue)
        self._flow.look_at(unacked.queue for unacked in released)
        for queue in left:
            self._flow.look(queue)
