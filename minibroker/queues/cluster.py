"""A cluster of nodes over one engine: what stops with a node, what waits, and what is there again.

Rules that hold after every method:

- A queue that does not work is *halted*: nothing is taken into it, handed out or settled.
- What was asked of a halted quorum queue waits in the order in which it was asked, and is done in
  that order as soon as a majority of its members runs (Raft: it is in the log and not committed).
- What a client asked for is lost when its channel ends while nobody leads the queue, for then it
  is in nobody's log: a message is gone, and what was settled comes back as a failure.
- What was taken before a queue was halted is never lost.

A stop is one that was asked for (``rabbitmqctl stop_app``): the node's connections end first. So
what consumers there held has come back, and counts as failed in a quorum queue, when the queues
stop. Checked on a cluster of RabbitMQ 4.0.5 with Khepri. An election takes no time here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from minibroker.queues.channel import Channel, Unacked
from minibroker.queues.flow import Flow
from minibroker.queues.keeper import is_kept
from minibroker.queues.message import Copy, Message
from minibroker.queues.nodes import Nodes
from minibroker.queues.queue import Queue
from minibroker.sim.clock import Clock
from minibroker.sim.trace import BrokerStarted, BrokerStopped, Trace


class Pending:
    """A message that some of its queues, `left` of them, have not taken yet. `then` is called when
    all have."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.then: Callable[[], None] = _nothing

    def taken(self) -> None:
        """By one more."""
        self.left -= 1
        if not self.left:
            self.then()


def when_taken(messages: Sequence[Pending], then: Callable[[], None]) -> None:
    """Call it when all of these are with all their queues: at once if there are none."""
    if not messages:
        then()
    left = Pending(len(messages))
    left.then = then
    for message in messages:
        message.then = left.taken


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits for a majority. `channel` asked for it, None: the broker itself. `act` does it;
    `lose` forgets it, and gives what is to be done instead."""

    channel: Channel | None
    act: Callable[[], None]
    lose: Callable[[], "Asked | None"]


class Cluster:
    """See the module's docstring. `disconnect` and `delete` are the broker's: they end connections
    with their channels, and a queue."""

    def __init__(
        self,
        count: int,
        clock: Clock,
        trace: Trace,
        flow: Flow,
        queues: Mapping[str, Queue],
        disconnect: Callable[[Sequence[object], Iterable[Channel], str], None],
        delete: Callable[[str, Queue], int],
    ) -> None:
        self.nodes = Nodes(count)
        self._channels: dict[Channel, None] = {}
        """Those that are open."""
        self._clock = clock
        self._trace = trace
        self._flow = flow
        self._disconnect = disconnect
        self._delete = delete
        self._queues = queues
        self._waiting: dict[Queue, list[Asked]] = {}
        self._void = Queue("", durable=False)
        """Stands for the queue of a delivery that a classic queue took back when it was halted: its
        channel may still settle it, and that means nothing."""

    # --- what waits ------------------------------------------------------------------------

    def hold_back(
        self, names: list[str], message: Message, channel: Channel | None
    ) -> tuple[list[str], Pending | None]:
        """The queues that can take the message now, and what becomes of the others."""
        halted = [queue for name in names if (queue := self._queues[name]).halted]
        if not halted:
            return names, None
        pending = Pending(len(halted))
        for queue in halted:
            self._waiting[queue].append(self._arrival(queue, message, channel, pending))
        return [name for name in names if not self._queues[name].halted], pending

    def _arrival(
        self, queue: Queue, message: Message, channel: Channel | None, pending: Pending
    ) -> Asked:
        def arrive() -> None:
            if queue.deleted:
                self._flow.settled("broker", queue, Copy(message, 0), "deleted")
            else:
                self._flow.arrive_all([queue.name], message)
            pending.taken()

        def lose() -> None:
            self._flow.settled("broker", queue, Copy(message, 0), "uncommitted")

        return Asked(channel, arrive, lose)

    def settle_later(
        self, channel: Channel, released: list[Unacked], settle: Callable[[Unacked], None]
    ) -> list[Unacked]:
        """What can be settled now. What is of a halted queue waits; what was taken back from the
        channel means nothing."""
        now = []
        for unacked in released:
            if unacked.queue.halted:
                back = partial(self._return, channel.owner, unacked, "connection lost")
                self._waiting[unacked.queue].append(Asked(channel, partial(settle, unacked), back))
            elif unacked.queue is not self._void:
                now.append(unacked)
        return now

    def _return(self, who: str, unacked: Unacked, why: str) -> Asked:
        """It comes back as a failure, for its consumer is gone."""
        act = partial(self._flow.requeue, who, unacked, why, failed=True)
        return Asked(None, act, _nothing)

    def opened(self, channel: Channel) -> None:
        """A channel is there."""
        self._channels[channel] = None

    def closed(self, channel: Channel, held: list[Unacked], why: str) -> list[Unacked]:
        """A channel is gone. Gives what of it comes back now."""
        self._channels.pop(channel, None)
        for queue in self._waiting:
            self._forget(queue)
        now = []
        for unacked in held:
            if unacked.queue.halted:
                self._waiting[unacked.queue].append(self._return(channel.owner, unacked, why))
            elif unacked.queue is not self._void:
                now.append(unacked)
        return now

    def _forget(self, queue: Queue) -> None:
        """Nobody leads it: what was asked by a channel that is gone is nowhere."""
        if self.nodes.places[queue].leader is not None:
            return
        kept = []
        for asked in self._waiting[queue]:
            gone = asked.channel is not None and not asked.channel.open
            instead = asked.lose() if gone else asked
            if instead is not None:
                kept.append(instead)
        self._waiting[queue] = kept

    def waiting(self, queue: str) -> int:
        """How much waits for this queue."""
        return len(self._waiting.get(self._queues[queue], ()))

    def deleted(self, queue: Queue) -> None:
        """A queue is gone, and nobody has to wait for it."""
        self.nodes.places.pop(queue, None)
        for asked in self._waiting.pop(queue, ()):
            asked.act()
        queue.resume()

    # --- nodes -----------------------------------------------------------------------------

    def stop(self, node: int) -> None:
        """A node goes down, as it was told to: its connections are lost, and the queues for which
        that is one too many are halted. ValueError if there is no such node."""
        self.nodes.check(node)
        if node not in self.nodes.running:
            return
        self._trace.append(BrokerStopped(at=self._clock.now, broker=node))
        channels = [channel for channel in self._channels if channel.node == node]
        connections = [each.connection for each in channels if each.connection is not None]
        self._disconnect(connections, channels, "connection lost")
        self.nodes.running.discard(node)
        for queue, place in self.nodes.places.items():
            if node not in place.members:
                continue
            works = place.works(self.nodes.running)
            if place.leader == node:
                place.leader = self._next_leader(place.members) if works else None
            if not works and not queue.halted:
                self._halt(queue)
            if not works and queue.arguments.quorum:
                self._forget(queue)

    def _next_leader(self, members: Iterable[int]) -> int:
        return next(node for node in members if node in self.nodes.running)

    def _halt(self, queue: Queue) -> None:
        queue.halt()
        if queue.arguments.quorum:
            self._waiting[queue] = []
            return
        for consumer in queue.consumers:
            del consumer.channel.consumers[consumer.tag]
            consumer.channel.cancelled(consumer.tag)
        queue.consumers.clear()
        for channel in self._channels:
            for tag, unacked in channel.unacked.items():
                if unacked.queue is queue:
                    channel.unacked[tag] = Unacked(unacked.copy, self._void, unacked.consumer)
                    self._flow.requeue(channel.owner, unacked, "node stopped", failed=True)
        for copy in queue.forget(partial(is_kept, queue)):
            self._flow.settled("broker", queue, copy, "transient")

    def start(self, node: int) -> None:
        """It comes back, and with it the queues that waited for it, but for those that are not
        durable. ValueError if there is no such node."""
        self.nodes.check(node)
        if node in self.nodes.running:
            return
        self._trace.append(BrokerStarted(at=self._clock.now, broker=node))
        self.nodes.running.add(node)
        lost: list[Queue] = []
        back: list[Queue] = []
        for queue, place in self.nodes.places.items():
            if not queue.halted or not place.works(self.nodes.running):
                continue
            if place.leader is None:
                place.leader = self._next_leader(place.members)
            queue.resume()
            (back if queue.durable else lost).append(queue)
        for queue in back:
            self._resume(queue)
        self._flow.look_at(back)
        self._flow.try_again()
        for queue in lost:
            self._delete("broker", queue)

    def _resume(self, queue: Queue) -> None:
        for asked in self._waiting.pop(queue, ()):
            asked.act()
        if queue.arguments.quorum:
            self._flow.timers.watch_use(queue)
        else:
            self._flow.timers.used(queue)


def _nothing() -> None:
    pass
