"""The broker: exchanges, queues, and what each method of a channel does to them.

Rules that hold after every method:

- A copy is in exactly one place: ready in its queue, unacked on one channel, or gone.
- What was settled is never handed out again; what was handed out and not settled comes back
  when its channel is gone, marked as redelivered.
- Whenever a queue has a ready copy and a consumer with room, the copy is handed out.

Every method that a client's mistake can make fail raises a `ChannelError`; the caller closes
the channel, as AMQP demands. All that happens to a copy goes into the trace.
"""

from collections.abc import Callable, Mapping

from minibroker.queues.channel import Channel, Consumer, Delivery, Unacked
from minibroker.queues.errors import AccessRefused, NotAllowed, NotFound, PreconditionFailed
from minibroker.queues.exchange import DEFAULT, DirectExchange
from minibroker.queues.message import Copy, Message
from minibroker.queues.queue import Queue
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Delivered, Published, Requeued, Settled, Trace
from minibroker.sim.values import Value


class Broker:
    """One virtual host, ``/``."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self._clock = clock
        self._trace = trace
        self._queues: dict[str, Queue] = {}
        self._exchanges: dict[str, DirectExchange] = {
            "amq.direct": DirectExchange("amq.direct", durable=True)
        }
        self._messages = 0
        self._names = 0

    # --- topology ----------------------------------------------------------------------

    def declare_queue(self, name: str, durable: bool = True, passive: bool = False) -> Queue:
        """Make a queue, or find it. With an empty name the broker makes one up."""
        if not name and not passive:
            self._names += 1
            name = f"amq.gen-{self._names}"
        queue = self._queues.get(name)
        if passive:
            return self.queue(name)
        if queue is None:
            if name.startswith("amq.") and not name.startswith("amq.gen-"):
                raise AccessRefused(
                    f"ACCESS_REFUSED - queue name '{name}' contains reserved prefix 'amq.*'"
                )
            queue = self._queues[name] = Queue(name, durable)
        elif queue.durable != durable:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - inequivalent arg 'durable' for queue '{name}' in vhost "
                f"'/': received '{_word(durable)}' but current is '{_word(queue.durable)}'"
            )
        return queue

    def queue(self, name: str) -> Queue:
        """The queue of that name, or `NotFound`."""
        try:
            return self._queues[name]
        except KeyError:
            raise NotFound(f"NOT_FOUND - no queue '{name}' in vhost '/'") from None

    def declare_exchange(self, name: str, durable: bool = False, passive: bool = False) -> None:
        """Make a direct exchange, or find it."""
        _refuse_default(name)
        if passive:
            self._exchange(name)
            return
        exchange = self._exchanges.get(name)
        if exchange is None:
            if name.startswith("amq."):
                raise AccessRefused(
                    f"ACCESS_REFUSED - exchange name '{name}' contains reserved prefix 'amq.*'"
                )
            self._exchanges[name] = DirectExchange(name, durable)
        elif exchange.durable != durable:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - inequivalent arg 'durable' for exchange '{name}' in "
                f"vhost '/': received '{_word(durable)}' but current is "
                f"'{_word(exchange.durable)}'"
            )

    def bind(self, queue: str, exchange: str, routing_key: str) -> None:
        """Let the exchange put messages with this routing key into the queue."""
        _refuse_default(exchange)
        target = self.queue(queue)
        self._exchange(exchange).bind(target.name, routing_key)

    def _exchange(self, name: str) -> DirectExchange:
        try:
            return self._exchanges[name]
        except KeyError:
            raise NotFound(f"NOT_FOUND - no exchange '{name}' in vhost '/'") from None

    # --- publishing --------------------------------------------------------------------

    def publish(
        self,
        who: str,
        exchange: str,
        routing_key: str,
        body: bytes,
        properties: Mapping[str, Value] | None = None,
    ) -> Message:
        """Route a message and put a copy into each queue it reaches. One that reaches none is
        dropped, and its `Published` event says so."""
        if exchange == DEFAULT:
            names = [routing_key] if routing_key in self._queues else []
        else:
            names = self._exchange(exchange).route(routing_key)
        self._messages += 1
        message = Message(self._messages, body, exchange, routing_key, dict(properties or {}))
        self._trace.append(
            Published(
                at=self._clock.now,
                who=who,
                message=message.number,
                exchange=exchange,
                routing_key=routing_key,
                queues=names,
                body=body,
                headers=_headers(message.properties),
            )
        )
        for name in names:
            queue = self._queues[name]
            queue.put(message)
            self._push(queue)
        return message

    # --- consuming ---------------------------------------------------------------------

    def open_channel(self, owner: str, deliver: Callable[[Delivery], None]) -> Channel:
        """A new channel whose deliveries are given to `deliver`."""
        return Channel(owner, deliver)

    def consume(self, channel: Channel, queue: str, tag: str, auto_ack: bool) -> Consumer:
        """Subscribe; from now on the broker pushes."""
        source = self.queue(queue)
        if tag in channel.consumers:
            raise NotAllowed(f"NOT_ALLOWED - attempt to reuse consumer tag '{tag}'")
        consumer = Consumer(tag, source, channel, auto_ack, channel.prefetch)
        channel.consumers[tag] = consumer
        source.consumers.append(consumer)
        self._push(source)
        return consumer

    def cancel(self, channel: Channel, tag: str) -> None:
        """End a subscription. What it was handed stays unacked on the channel."""
        consumer = channel.consumers.pop(tag, None)
        if consumer is not None:
            consumer.queue.consumers.remove(consumer)

    def get(self, channel: Channel, queue: str, auto_ack: bool) -> Delivery | None:
        """Take one message, or None when none is ready."""
        source = self.queue(queue)
        copy = source.take()
        if copy is None:
            return None
        return self._hand_out(copy, source, channel, None, auto_ack)

    def _push(self, queue: Queue) -> None:
        """Hand out while there is something ready and somebody with room."""
        while len(queue) and (consumer := queue.next_consumer()) is not None:
            copy = queue.take()
            assert copy is not None
            channel = consumer.channel
            channel.deliver(self._hand_out(copy, queue, channel, consumer, consumer.auto_ack))

    def _push_all(self, released: list[Unacked]) -> None:
        """Look at each queue that copies were released to or from, once."""
        for queue in dict.fromkeys(unacked.queue for unacked in released):
            self._push(queue)

    def _hand_out(
        self, copy: Copy, queue: Queue, channel: Channel, consumer: Consumer | None, auto_ack: bool
    ) -> Delivery:
        delivery = Delivery(consumer.tag if consumer else "", channel.next_tag(), copy)
        self._trace.append(
            Delivered(
                at=self._clock.now,
                who=channel.owner,
                queue=queue.name,
                message=copy.message.number,
                tag=delivery.tag,
                attempt=copy.attempts,
                redelivered=delivery.redelivered,
            )
        )
        if auto_ack:
            self._settled(channel, queue, copy, "auto-acked")
        else:
            channel.unacked[delivery.tag] = Unacked(copy, queue, consumer)
            if consumer is not None:
                consumer.unacked += 1
        return delivery

    # --- settling ----------------------------------------------------------------------

    def ack(self, channel: Channel, tag: int, multiple: bool = False) -> None:
        """The client has taken responsibility; the copy is gone for good."""
        released = self._released(channel, tag, multiple)
        for unacked in released:
            self._settled(channel, unacked.queue, unacked.copy, "acked")
        self._push_all(released)

    def nack(self, channel: Channel, tag: int, multiple: bool, requeue: bool) -> None:
        """The client has not: back to the queue, or dropped."""
        released = self._released(channel, tag, multiple)
        for unacked in released:
            if requeue:
                self._requeue(channel.owner, unacked, "nacked")
            else:
                self._settled(channel, unacked.queue, unacked.copy, "dropped")
        self._push_all(released)

    def purge(self, who: str, queue: str) -> int:
        """Drop all ready copies; gives their number."""
        source = self.queue(queue)
        gone = source.purge()
        for copy in gone:
            self._trace.append(
                Settled(
                    at=self._clock.now,
                    who=who,
                    queue=source.name,
                    message=copy.message.number,
                    how="purged",
                )
            )
        return len(gone)

    def close(self, channel: Channel, why: str) -> None:
        """The channel is gone: its subscriptions end and what it has not settled comes back."""
        if not channel.open:
            return
        channel.open = False
        for tag in list(channel.consumers):
            self.cancel(channel, tag)
        unacked = [channel.unacked[tag] for tag in sorted(channel.unacked)]
        channel.unacked.clear()
        for held in unacked:
            self._requeue(channel.owner, held, why)
        self._push_all(unacked)

    def _released(self, channel: Channel, tag: int, multiple: bool) -> list[Unacked]:
        tags = channel.tags(tag, multiple)
        if not tags and not (multiple and tag == 0):
            raise PreconditionFailed(f"PRECONDITION_FAILED - unknown delivery tag {tag}")
        released = [channel.unacked.pop(number) for number in tags]
        for unacked in released:
            if unacked.consumer is not None:
                unacked.consumer.unacked -= 1
        return released

    def _settled(self, channel: Channel, queue: Queue, copy: Copy, how: str) -> None:
        self._trace.append(
            Settled(
                at=self._clock.now,
                who=channel.owner,
                queue=queue.name,
                message=copy.message.number,
                how=how,
            )
        )

    def _requeue(self, who: str, unacked: Unacked, why: str) -> None:
        unacked.queue.put_back(unacked.copy)
        self._trace.append(
            Requeued(
                at=self._clock.now,
                who=who,
                queue=unacked.queue.name,
                message=unacked.copy.message.number,
                why=why,
            )
        )


def _refuse_default(exchange: str) -> None:
    if exchange == DEFAULT:
        raise AccessRefused("ACCESS_REFUSED - operation not permitted on the default exchange")


def _headers(properties: Mapping[str, Value]) -> dict[str, Value]:
    """A message's `headers` property; empty when it has none."""
    headers = properties.get("headers")
    return headers if isinstance(headers, dict) else {}


def _word(flag: bool) -> str:
    return "true" if flag else "false"
