"""The broker: what each method of a channel does.

Rules that hold after every method:

- A copy is in exactly one place: ready in its queue, unacked on one channel, or gone.
- What was settled is never handed out again; what was handed out and not settled comes back
  when its channel is gone, marked as redelivered.
- Whenever a queue has a ready copy and a consumer with room, the copy is handed out.
- A copy that a queue gives up goes on to the queue's dead-letter exchange, if it has one.

Every method that a client's mistake can make fail raises a `ChannelError`; the caller closes
the channel, as AMQP demands. All that happens to a copy goes into the trace. How copies move is
in `minibroker.queues.flow`, what may be declared in `minibroker.queues.declaration`.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from minibroker.queues import declaration, direct_replies, expiry
from minibroker.queues.channel import Channel, Consumer, Delivery, Unacked
from minibroker.queues.declaration import Wanted
from minibroker.queues.errors import NotAllowed, NotFound, PreconditionFailed
from minibroker.queues.exchange import DEFAULT, Exchange, Target
from minibroker.queues.flow import At, Flow, headers
from minibroker.queues.keeper import Keeper, Kept, is_kept
from minibroker.queues.message import Copy, Message
from minibroker.queues.queue import Queue
from minibroker.queues.routing import Exchanges
from minibroker.sim.clock import Clock
from minibroker.sim.trace import BrokerRestarted, NotAccepted, Published, Returned, Trace
from minibroker.sim.values import Value

GLOBAL_QOS = "global_qos"

NOTHING: Mapping[str, Value] = {}


class Receipt(NamedTuple):
    """What became of a published message: whether it was routed to any queue, and whether every
    queue that it was routed to took it. It is confirmed when all did, so an unroutable one is
    (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms")."""

    message: Message
    routed: bool
    accepted: bool


class Broker:
    """One virtual host, ``/``. `at(when, action)` asks whoever runs the broker for `action` at a
    time of the clock (microseconds); it is asked only when something can expire then. `new_suffix`
    makes up the ends of the names that the broker gives; without it they are counted. `permit`
    names the deprecated features that may be used (RabbitMQ, "Deprecated Features"); None is all.
    """

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: At,
        new_suffix: Callable[[], str] | None = None,
        permit: Container[str] | None = None,
    ) -> None:
        self.at = at
        self._clock = clock
        self._trace = trace
        self._queues: dict[str, Queue] = {}
        self._exchanges = Exchanges(self._queues)
        self._flow = Flow(clock, trace, at, self._queues, self._exchanges, self._unused)
        self._names = 0
        self._new_suffix = self._next_name if new_suffix is None else new_suffix
        self._permit = permit

    # --- what outlives it --------------------------------------------------------------

    def keep(self, keeper: Keeper) -> None:
        """From now on tell of whatever is to be there again after a restart."""
        self._flow.keeper = keeper

    def lasting(self) -> tuple[list[Queue], list[Exchange]]:
        """The durable queues, and the durable exchanges, RabbitMQ's own among them."""
        queues = [queue for queue in self._queues.values() if queue.durable]
        return queues, [each for each in self._exchanges if each.durable]

    def restore(self, kept: Kept) -> Copy:
        """A copy is in its queue again, behind those that were restored before it."""
        queue = self.queue(kept.queue)
        copy = queue.put(kept.message, kept.expires)
        copy.attempts, copy.failures, copy.kept = kept.attempts, kept.failures, kept.id
        return copy

    def restored(self) -> None:
        """All copies are; see what is over by now, before anybody consumes."""
        for queue in list(self._queues.values()):
            self._flow.look(queue)

    def all_queues(self) -> list[Queue]:
        """In the order in which they were made."""
        return list(self._queues.values())

    # --- queues ------------------------------------------------------------------------

    def declare_queue(
        self,
        name: str,
        durable: bool = True,
        passive: bool = False,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: Mapping[str, Value] = NOTHING,
        connection: object = None,
    ) -> Queue:
        """Make a queue, or find it. With an empty name the broker makes one up."""
        if passive:
            return self._usable(name, connection)
        kind = arguments.get("x-queue-type")
        if not name and kind == "quorum":
            raise PreconditionFailed(
                "PRECONDITION_FAILED - Cannot declare a server-named queue for type "
                "rabbit_quorum_queue"
            )
        if not name:
            name = f"amq.gen-{self._new_suffix()}"
        wanted = Wanted(name, durable, exclusive, auto_delete, arguments, connection)
        queue = self._queues.get(name)
        if queue is None:
            declaration.check_permitted(wanted, self._permit)
            queue = self._queues[name] = declaration.made(wanted)
            if self._flow.keeper is not None and queue.durable:
                self._flow.keeper.queue_made(queue)
            self._flow.try_again()
        else:
            declaration.compare(queue, wanted)
        self._flow.timers.used(queue)
        return queue

    def _next_name(self) -> str:
        self._names += 1
        return str(self._names)

    def has_queue(self, name: str) -> bool:
        """Whether there is a queue of that name."""
        return name in self._queues

    def queue(self, name: str) -> Queue:
        """The queue of that name, or `NotFound`."""
        try:
            return self._queues[name]
        except KeyError:
            raise NotFound(f"NOT_FOUND - no queue '{name}' in vhost '/'") from None

    def delete_queue(
        self,
        who: str,
        name: str,
        if_unused: bool = False,
        if_empty: bool = False,
        connection: object = None,
    ) -> int:
        """Delete a queue with all that is ready in it; gives their number. None there is no
        error (RabbitMQ, "Queues")."""
        direct_replies.check_usable(name)
        queue = self._queues.get(name)
        if queue is None:
            return 0
        declaration.check_use(queue, connection)
        declaration.check_delete(queue, if_unused, if_empty)
        return self._delete(who, queue)

    def purge(self, who: str, queue: str, connection: object = None) -> int:
        """Drop all ready copies; gives their number."""
        source = self._usable(queue, connection)
        gone = source.purge()
        for copy in gone:
            self._flow.settled(who, source, copy, "purged")
        self._flow.try_again()
        return len(gone)

    def _usable(self, name: str, connection: object) -> Queue:
        direct_replies.check_usable(name)
        queue = self.queue(name)
        if queue.exclusive_to is not None:
            declaration.check_use(queue, connection)
        return queue

    def _delete(self, who: str, queue: Queue) -> int:
        """Its subscribers are told; unacked copies stay with their channels, to no purpose."""
        del self._queues[queue.name]
        queue.deleted = True
        if self._flow.keeper is not None and queue.durable:
            self._flow.keeper.queue_gone(queue.name)
        self._exchanges.forget(("queue", queue.name))
        gone = queue.purge()
        for copy in [*gone, *(copy for copy, _, _ in queue.discards)]:
            self._flow.settled(who, queue, copy, "deleted")
        queue.discards.clear()
        for consumer in queue.consumers:
            del consumer.channel.consumers[consumer.tag]
            consumer.channel.cancelled(consumer.tag)
        queue.consumers.clear()
        self._flow.try_again()
        return len(gone)

    def _unused(self, queue: Queue) -> None:
        """Its time without use is over (x-expires); nothing of it is dead-lettered."""
        self._delete("broker", queue)

    def _left(self, queue: Queue) -> None:
        """A subscription has ended."""
        if queue.auto_delete and not queue.consumers and not queue.deleted:
            self._delete("broker", queue)
        else:
            self._flow.timers.used(queue)

    # --- restarting --------------------------------------------------------------------

    def restart(self, connections: Sequence[object], channels: Iterable[Channel]) -> None:
        """Go down and come back: these connections are lost, and so are queues and exchanges that
        are not durable, with their bindings, and what is not persistent in classic queues
        (RabbitMQ, "Queues", Durability; "Exchanges", Durability). A quorum queue keeps every
        message ("Quorum Queues", Feature Matrix)."""
        self._trace.append(BrokerRestarted(at=self._clock.now))
        self.disconnect(connections, channels, "connection lost")
        for queue in list(self._queues.values()):
            if not queue.durable:
                self._delete("broker", queue)
                continue
            for copy in queue.forget(partial(is_kept, queue)):
                self._flow.settled("broker", queue, copy, "transient")
        self._exchanges.forget_transient()
        self._flow.try_again()

    # --- exchanges ---------------------------------------------------------------------

    def declare_exchange(
        self,
        name: str,
        durable: bool = False,
        passive: bool = False,
        kind: str = "direct",
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> bool:
        """Make an exchange, or find it. Gives whether it was made."""
        if passive:
            self._exchanges.look(name)
            return False
        wanted = Exchange(name, kind, durable, auto_delete, internal, dict(arguments))
        made = self._exchanges.declare(wanted)
        if made and durable and self._flow.keeper is not None:
            self._flow.keeper.exchange_made(wanted)
        self._flow.try_again()
        return made

    def delete_exchange(self, name: str, if_unused: bool = False) -> bool:
        """Delete an exchange, if there is one. Gives whether there was."""
        gone = self._exchanges.delete(name, if_unused)
        if gone and self._flow.keeper is not None:
            self._flow.keeper.exchange_gone(name)
        self._flow.try_again()
        return gone

    def bind(
        self,
        queue: str,
        exchange: str,
        routing_key: str,
        arguments: Mapping[str, Value] = NOTHING,
        connection: object = None,
    ) -> bool:
        """Let the exchange put messages with this routing key into the queue. Gives whether
        anything changed."""
        return self._bind(("queue", queue), exchange, routing_key, arguments, connection)

    def bind_exchange(
        self,
        destination: str,
        source: str,
        routing_key: str,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> bool:
        """Let one exchange pass messages on to another. Gives whether anything changed."""
        return self._bind(("exchange", destination), source, routing_key, arguments, None)

    def _bind(
        self,
        target: Target,
        source: str,
        routing_key: str,
        arguments: Mapping[str, Value],
        connection: object,
    ) -> bool:
        if target[0] == "queue" and source != DEFAULT:
            self._usable(target[1], connection)
        changed = self._exchanges.bind(target, source, routing_key, arguments)
        if changed and self._flow.keeper is not None and self._lasts(target, source):
            self._flow.keeper.bound(target, source, routing_key, arguments)
        self._flow.try_again()
        return changed

    def unbind(
        self,
        target: Target,
        source: str,
        routing_key: str,
        arguments: Mapping[str, Value] = NOTHING,
    ) -> bool:
        """Take a binding away, if there is one. Gives whether there was."""
        lasts = self._flow.keeper is not None and self._lasts(target, source)
        gone = self._exchanges.unbind(target, source, routing_key, arguments)
        if gone and lasts and self._flow.keeper is not None:
            self._flow.keeper.unbound(target, source, routing_key, arguments)
        self._flow.try_again()
        return gone

    def _lasts(self, target: Target, source: str) -> bool:
        """Whether a binding is there after a restart: both its ends are."""
        kind, name = target
        if kind == "queue":
            end = self._queues.get(name)
            lasts = end is not None and end.durable
        else:
            lasts = name in self._exchanges and self._exchanges.find(name).durable
        return lasts and source in self._exchanges and self._exchanges.find(source).durable

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
        return self.send(who, exchange, routing_key, body, properties).message

    def send(
        self,
        who: str,
        exchange: str,
        routing_key: str,
        body: bytes,
        properties: Mapping[str, Value] | None = None,
        mandatory: bool = False,
        encoded: object = None,
        copies: Sequence[str] = (),
    ) -> Receipt:
        """`publish`, and say what became of the message. A mandatory one that reaches no queue
        goes back to its publisher, which the caller sees to. For `encoded` see `Message`; `copies`
        are routing keys besides (RabbitMQ, "Sender-selected Distribution")."""
        found = dict(properties or {})
        if "expiration" in found:
            expiry.check(found)
        if exchange == DEFAULT:
            names = [routing_key] if routing_key in self._queues else []
        else:
            self._exchanges.check_open(exchange)
            names = self._exchanges.route(exchange, routing_key, headers(found))
        if copies:
            more = self._exchanges.route_all(exchange, copies, headers(found))
            names += [name for name in more if name not in names]
        message = Message(
            self._trace.new_message(),
            body,
            exchange,
            routing_key,
            found,
            copies=tuple(copies),
            encoded=encoded,
        )
        return self._sent(who, message, names, mandatory)

    def check_publish(self, exchange: str, properties: Mapping[str, Value]) -> None:
        """Refuse what `send` would refuse."""
        if "expiration" in properties:
            expiry.check(properties)
        if exchange != DEFAULT:
            self._exchanges.check_open(exchange)

    def repeat(self, message: Message, queue: str) -> None:
        """What a producer sent once comes to the queue a second time, as another message."""
        names = [queue] if queue in self._queues else []
        again = replace(message, number=self._trace.new_message())
        self._sent("scenario", again, names, mandatory=False)

    def _sent(self, who: str, message: Message, names: list[str], mandatory: bool) -> Receipt:
        now, number = self._clock.now, message.number
        takers, full = self._flow.offered(names, message)
        self._trace.append(
            Published(
                at=now,
                who=who,
                message=number,
                exchange=message.exchange,
                routing_key=message.routing_key,
                queues=takers,
                body=message.body,
                headers=headers(message.properties),
            )
        )
        for queue in full:
            self._trace.append(NotAccepted(at=now, who=who, queue=queue.name, message=number))
        if mandatory and not names:
            self._trace.append(Returned(at=now, who=who, message=number, text="NO_ROUTE"))
        self._flow.arrive_all(takers, message)
        for queue in full:
            self._flow.turn_away(queue, message)
        return Receipt(message, bool(names), not full)

    # --- consuming ---------------------------------------------------------------------

    def open_channel(
        self,
        owner: str,
        deliver: Callable[[Delivery], None],
        cancelled: Callable[[str], None] | None = None,
        connection: object = None,
    ) -> Channel:
        """A new channel whose deliveries are given to `deliver`; see `Channel`."""
        channel = Channel(owner, deliver, connection=connection)
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
            source, priority = self._replies(channel, tag, auto_ack), 0
        else:
            source = self._usable(queue, channel.connection)
            priority = declaration.admitted(source, exclusive, arguments)
        declaration.check_limit(source, channel.limit)
        consumer = Consumer(tag, source, channel, auto_ack, channel.prefetch, priority, exclusive)
        channel.consumers[tag] = consumer
        source.subscribe(consumer)
        self._flow.look(source)
        return consumer

    def _replies(self, channel: Channel, tag: str, auto_ack: bool) -> Queue:
        """What stands for a queue while a channel is subscribed to the answers to its requests."""
        direct_replies.check_subscription(channel, auto_ack)
        name = f"{direct_replies.REPLIES}.{self._new_suffix()}"
        channel.replies, channel.replies_tag = name, tag
        self._queues[name] = Queue(name, durable=False, auto_delete=True)
        return self._queues[name]

    def cancel(self, channel: Channel, tag: str) -> None:
        """End a subscription. What it was handed stays unacked on the channel."""
        consumer = channel.consumers.pop(tag, None)
        if tag == channel.replies_tag:
            channel.replies = channel.replies_tag = ""
        if consumer is not None:
            consumer.queue.unsubscribe(consumer)
            self._left(consumer.queue)
            self._flow.look(consumer.queue)

    def get(self, channel: Channel, queue: str, auto_ack: bool) -> Delivery | None:
        """Take one message, or None when none is ready."""
        source = self._usable(queue, channel.connection)
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
        if shared and (self._permit is None or GLOBAL_QOS in self._permit):
            channel.limit = count
        else:
            channel.prefetch, channel.limit = count, 0
        self.flow([channel], channel.flowing)

    def flow(self, channels: Iterable[Channel], active: bool) -> None:
        """Stop pushing to these channels, which take no more for now, or begin again."""
        queues: dict[Queue, None] = {}
        for channel in channels:
            channel.flowing = active
            queues |= {consumer.queue: None for consumer in channel.consumers.values()}
        for queue in queues if active else ():
            self._flow.look(queue)

    # --- settling ----------------------------------------------------------------------

    def ack(self, channel: Channel, tag: int, multiple: bool = False) -> None:
        """The client has taken responsibility; the copy is gone for good."""
        released = self._released(channel, tag, multiple)
        for unacked in released:
            self._flow.settled(channel.owner, unacked.queue, unacked.copy, "acked")
        self._look_at(released, channel)

    def nack(self, channel: Channel, tag: int, multiple: bool, requeue: bool) -> None:
        """The client has not: back to the queue, or given up. Coming back so is no failure that a
        quorum queue counts (RabbitMQ 4.3, "Quorum Queues", Poison Message Handling)."""
        self._turned_down(channel, tag, multiple, requeue, "nacked", failed=False)

    def reject(self, channel: Channel, tag: int, requeue: bool, why: str = "rejected") -> None:
        """Like `nack`, for one copy; but coming back so counts as a failure."""
        self._turned_down(channel, tag, False, requeue, why, failed=True)

    def recover(self, channel: Channel) -> None:
        """All that the channel holds goes back (AMQP 0-9-1, basic.recover with requeue)."""
        self._turned_down(channel, 0, True, True, "recovered", failed=False)

    def _turned_down(
        self, channel: Channel, tag: int, multiple: bool, requeue: bool, why: str, failed: bool
    ) -> None:
        released = self._released(channel, tag, multiple)
        for unacked in released:
            if requeue:
                self._flow.requeue(channel.owner, unacked, why, failed)
            else:
                self._flow.give_up(channel.owner, unacked.queue, unacked.copy, "rejected")
        self._look_at(released, channel)

    def _released(self, channel: Channel, tag: int, multiple: bool) -> list[Unacked]:
        tags = channel.tags(tag, multiple)
        if not tags and not (multiple and tag == 0):
            raise PreconditionFailed(f"PRECONDITION_FAILED - unknown delivery tag {tag}")
        released = [channel.unacked.pop(number) for number in tags]
        for unacked in released:
            if unacked.consumer is not None:
                unacked.consumer.unacked -= 1
        return released

    def _look_at(self, released: list[Unacked], channel: Channel | None = None) -> None:
        """Look at each queue that copies were released to or from, once."""
        if len(released) == 1:
            self._flow.look(released[0].queue)
        else:
            for queue in dict.fromkeys(unacked.queue for unacked in released):
                self._flow.look(queue)
        if channel is not None and channel.limit:
            self.flow([channel], channel.flowing)  # any of its subscriptions may have room now

    # --- ending ------------------------------------------------------------------------

    def close(self, channel: Channel, why: str) -> None:
        """The channel is gone: its subscriptions end and what it has not settled comes back."""
        self._close([channel], why)

    def disconnect(
        self, connections: Sequence[object], channels: Iterable[Channel], why: str
    ) -> None:
        """Connections are gone together with all their channels: what one of these gives back is
        pushed to none of the others, and queues that are exclusive to one of them go with it."""
        self._close(channels, why)
        for queue in list(self._queues.values()):
            if any(queue.exclusive_to is gone for gone in connections):
                self._delete("broker", queue)

    def _close(self, channels: Iterable[Channel], why: str) -> None:
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
            for unacked in held:
                self._flow.requeue(channel.owner, unacked, why, failed=True)
            released += held
        for queue in left:
            self._left(queue)
        self._look_at(released)
        for queue in left:
            self._flow.look(queue)
