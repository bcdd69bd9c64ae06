"""How copies move: into queues, out to consumers, back, and on to dead-letter exchanges.

Theory of operation. A copy enters a queue by `arrive` and leaves it by being settled, or when the
queue gives it up: rejected, over its time, too many, or failed too often. What a queue gives up
goes on to its dead-letter exchange, if it has one, and arrives after what was on the way already,
first come, first served; so a chain of queues of any length needs no stack. `look` restores, after
anything else, that nothing waits while a consumer has room.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from minibroker.queues import dead_letter, expiry
from minibroker.queues.channel import Channel, Consumer, Delivery, Unacked
from minibroker.queues.exchange import DEFAULT
from minibroker.queues.keeper import Keeper, is_kept
from minibroker.queues.message import Copy, Message
from minibroker.queues.queue import Queue
from minibroker.queues.routing import Exchanges
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import DeadLettered, Delivered, Requeued, Settled, Trace
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.queues.cluster import Cluster

At = Callable[[int, Callable[[], None]], None]


class Flow:
    """The copies of one broker. `unused` is told of a queue whose time without use is over."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: At,
        queues: Mapping[str, Queue],
        exchanges: Exchanges,
        unused: Callable[[Queue], None],
    ) -> None:
        self._clock = clock
        self._trace = trace
        self._queues = queues
        self._exchanges = exchanges
        self.keeper: Keeper | None = None
        self.cluster: Cluster | None = None
        self.timers = expiry.Timers(clock, at, self.expire, unused)
        self._arrivals: deque[tuple[Queue, Message]] = deque()
        self._arriving = False
        self._holding: dict[Queue, None] = {}

    # --- arriving ------------------------------------------------------------------------

    def offered(self, names: list[str], message: Message) -> tuple[list[str], list[Queue]]:
        """The queues that take the message, and those that are full."""
        if len(names) == 1 and not self._queues[names[0]].bounded:
            return names, []
        full = [
            queue
            for name in names
            if (queue := self._queues[name]).bounded and queue.refuses(message)
        ]
        if not full:
            return names, full
        return [name for name in names if self._queues[name] not in full], full

    def turn_away(self, queue: Queue, message: Message) -> None:
        """A full queue may pass on what it does not take (overflow reject-publish-dlx)."""
        if queue.halted:
            return
        dead_letters = queue.arguments.dead_letter_exchange is not None
        if dead_letters and queue.arguments.overflow == "reject-publish-dlx":
            self._dead_letter("broker", queue, message, "maxlen")

    def arrive_all(self, names: Iterable[str], message: Message) -> None:
        """The message comes to these queues, after all that is on its way."""
        if self._arriving:
            self._arrivals.extend((self._queues[name], message) for name in names)
            return
        self._arriving = True
        for name in names:
            self._arrive(self._queues[name], message)
        while self._arrivals:
            self._arrive(*self._arrivals.popleft())
        self._arriving = False

    def _arrive(self, queue: Queue, message: Message) -> None:
        """Put a message into a queue. It is offered to consumers before its time can be over and
        before it can be too many, so a time to live of 0 and a length of 0 mean *now or never*."""
        expires = None
        if queue.expiring or "expiration" in message.properties:
            expires = expiry.deadline(message, queue, self._clock.now)
        copy = queue.put(message, expires)
        if self.keeper is not None and is_kept(queue, message):
            copy.kept = self.keeper.arrived(queue, copy)
        self._push(queue)
        if queue.bounded:
            self._trim(queue)
        if queue.expiring:
            self.expire(queue)

    # --- to consumers ---------------------------------------------------------------------

    def look(self, queue: Queue) -> None:
        """After anything but an arrival: let go what is over, hand out what can be."""
        if queue.deleted or queue.halted:
            return
        if queue.expiring:
            self.expire(queue)
        self._push(queue)
        if queue.bounded:
            self._trim(queue)
        if self._holding:
            self.try_again()

    def look_at(self, queues: Iterable[Queue]) -> None:
        """`look`, at each of them once."""
        for queue in dict.fromkeys(queues):
            self.look(queue)

    def let(self, channels: Iterable[Channel], active: bool) -> None:
        """Stop pushing to these channels, which take no more for now, or begin again."""
        queues: dict[Queue, None] = {}
        for channel in channels:
            channel.flowing = active
            queues |= {consumer.queue: None for consumer in channel.consumers.values()}
        for queue in queues if active else ():
            self.look(queue)

    def _push(self, queue: Queue) -> None:
        """Hand out while there is something ready and somebody with room."""
        while len(queue) and (consumer := queue.next_consumer()) is not None:
            copy = queue.take()
            assert copy is not None
            channel = consumer.channel
            channel.deliver(self.hand_out(copy, queue, channel, consumer, consumer.auto_ack))
            if queue.expiring:
                self.expire(queue)

    def hand_out(
        self, copy: Copy, queue: Queue, channel: Channel, consumer: Consumer | None, auto_ack: bool
    ) -> Delivery:
        """A taken copy goes to a channel, for one of its consumers or (None) by a `get`."""
        tag = consumer.tag if consumer else ""
        delivery = Delivery(tag, channel.next_tag(), copy, queue.name)
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
            self.settled(channel.owner, queue, copy, "auto-acked")
        else:
            channel.unacked[delivery.tag] = Unacked(copy, queue, consumer)
            if consumer is not None:
                consumer.unacked += 1
            if copy.kept and self.keeper is not None:
                self.keeper.counted(copy)
        return delivery

    def settled(self, who: str, queue: Queue, copy: Copy, how: str) -> None:
        """The copy is gone for good."""
        self._trace.append(
            Settled(
                at=self._clock.now,
                who=who,
                queue=queue.name,
                message=copy.message.number,
                how=how,
            )
        )
        self._gone(copy)

    def _gone(self, copy: Copy) -> None:
        if copy.kept and self.keeper is not None:
            self.keeper.gone(copy)

    def requeue(self, who: str, unacked: Unacked, why: str, failed: bool) -> None:
        """A copy comes back to its queue, unless it has `failed` there too often."""
        copy, queue = unacked.copy, unacked.queue
        if queue.deleted:
            self.settled(who, queue, copy, "deleted")
            return
        if copy.failures is not None and failed:
            copy.failures += 1
            limit = queue.arguments.delivery_limit
            if limit is not None and copy.failures > limit:
                self.give_up("broker", queue, copy, "delivery_limit")
                return
            if copy.kept and self.keeper is not None:
                self.keeper.counted(copy)
        queue.put_back(copy)
        self._trace.append(
            Requeued(
                at=self._clock.now,
                who=who,
                queue=queue.name,
                message=copy.message.number,
                why=why,
            )
        )

    # --- giving up ---------------------------------------------------------------------

    def expire(self, queue: Queue) -> None:
        """Give up what is over at the head, and come back when the next one is."""
        if queue.halted:
            return
        now = self._clock.now
        while (head := queue.head) is not None and head.expires is not None:
            if head.expires > now:
                break
            queue.drop()
            self.give_up("broker", queue, head, "expired")
        self.timers.watch_head(queue)

    def _trim(self, queue: Queue) -> None:
        """Give up what is too much, from the head."""
        while queue.is_over() and queue.arguments.overflow == "drop-head":
            copy = queue.drop()
            if copy is None:
                break
            self.give_up("broker", queue, copy, "maxlen")

    def give_up(self, who: str, queue: Queue, copy: Copy, reason: str) -> None:
        """A copy leaves its queue without being acked: it is dead-lettered, or gone."""
        if queue.arguments.dead_letter_exchange is None or queue.deleted:
            self.settled(who, queue, copy, dead_letter.WITHOUT[reason])
        elif queue.arguments.at_least_once:
            queue.discards.append((copy, reason, who))
            self._holding[queue] = None
            self.try_again()
        else:
            self._dead_letter(who, queue, _given_up(copy, reason), reason)
            self._gone(copy)

    def _dead_letter(self, who: str, queue: Queue, message: Message, reason: str) -> None:
        """Pass a message on, at most once: what no queue takes is gone."""
        dead, names = self._dead(queue, message, reason)
        takers, full = self.offered(names, dead)
        self._passed_on(who, queue, dead, reason, takers)
        for other in full:
            self.turn_away(other, dead)

    def try_again(self) -> None:
        """Pass on what waits for its targets, each copy when there are some and all of them take
        it. RabbitMQ does so on its own timer (3 min) after a refusal; here it is done as soon as
        anything changes that could let it succeed, and never twice."""
        for queue in list(self._holding):
            if queue.halted:
                continue
            for discard in list(queue.discards):
                copy, reason, who = discard
                dead, names = self._dead(queue, _given_up(copy, reason), reason)
                takers, full = self.offered(names, dead)
                full += [other for name in takers if (other := self._queues[name]).halted]
                if takers and not full and discard in queue.discards:
                    queue.discards.remove(discard)
                    self._passed_on(who, queue, dead, reason, takers)
                    self._gone(copy)
            if not queue.discards:
                self._holding.pop(queue, None)

    def _dead(self, queue: Queue, message: Message, reason: str) -> tuple[Message, list[str]]:
        """The message as it goes on, and where it goes."""
        exchange = queue.arguments.dead_letter_exchange or DEFAULT
        key = queue.arguments.dead_letter_routing_key
        time = self._clock.now // SECOND
        dead = dead_letter.died(message, queue.name, reason, exchange, key, time)
        names = self._exchanges.route_all(
            exchange, (dead.routing_key, *dead.copies), headers(dead.properties)
        )
        return dead, [name for name in names if not dead_letter.in_circle(dead, name)]

    def _passed_on(
        self, who: str, queue: Queue, dead: Message, reason: str, takers: list[str]
    ) -> None:
        self._trace.append(
            DeadLettered(
                at=self._clock.now,
                who=who,
                queue=queue.name,
                message=dead.number,
                reason=reason,
                exchange=dead.exchange,
                routing_key=dead.routing_key,
                queues=takers,
                headers=headers(dead.properties),
            )
        )
        if self.cluster is not None:
            takers, _ = self.cluster.hold_back(takers, dead, None)
        self.arrive_all(takers, dead)


def _given_up(copy: Copy, reason: str) -> Message:
    """A copy's message with the failures that go on with it from a quorum queue; being rejected is
    one more (RabbitMQ's `rabbit_fifo`, discard)."""
    if copy.failures is None:
        return copy.message
    return replace(copy.message, failures=copy.failures + (reason == "rejected"))


def headers(properties: Mapping[str, Value]) -> dict[str, Value]:
    """A message's `headers` property; empty when it has none."""
    headers = properties.get("headers")
    return headers if isinstance(headers, dict) else {}
