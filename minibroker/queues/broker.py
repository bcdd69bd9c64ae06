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
from functools import partial

from minibroker.queues import declaration, direct_replies
from minibroker.queues.bindings import Bindings
from minibroker.queues.channel import Channel
from minibroker.queues.cluster import Cluster
from minibroker.queues.consuming import Consuming
from minibroker.queues.declaration import Wanted
from minibroker.queues.errors import NotFound, PreconditionFailed
from minibroker.queues.exchange import Exchange
from minibroker.queues.flow import At, Flow
from minibroker.queues.keeper import Keeper, Kept, is_kept
from minibroker.queues.message import Copy
from minibroker.queues.publishing import Publishing
from minibroker.queues.queue import Queue
from minibroker.queues.routing import Exchanges
from minibroker.queues.settling import Settling
from minibroker.sim.clock import Clock
from minibroker.sim.trace import BrokerRestarted, Trace
from minibroker.sim.values import Value

GLOBAL_QOS = "global_qos"

NOTHING: Mapping[str, Value] = {}


class Broker:
    """One virtual host, ``/``. `at(when, action)` asks whoever runs the broker for `action` at a
    time of the clock (microseconds); it is asked only when something can expire then. `new_suffix`
    makes up the ends of the names that the broker gives; without it they are counted. `permit`
    names the deprecated features that may be used (RabbitMQ, "Deprecated Features"); None is all.
    It is a cluster of so many `nodes`.
    """

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: At,
        new_suffix: Callable[[], str] | None = None,
        permit: Container[str] | None = None,
        nodes: int = 1,
    ) -> None:
        self.at = at
        self._clock = clock
        self._trace = trace
        self._queues: dict[str, Queue] = {}
        self._exchanges = Exchanges(self._queues)
        flow = Flow(clock, trace, at, self._queues, self._exchanges, self._unused)
        self._flow = flow
        self._cluster = flow.cluster = (
            Cluster(nodes, clock, trace, flow, self._queues, self.disconnect, self._delete)
            if nodes > 1
            else None
        )
        self._names = 0
        self._new_suffix = self._next_name if new_suffix is None else new_suffix
        self._permit = permit

        bindings = Bindings(flow, self._queues, self._exchanges, self._usable)
        self.declare_exchange = bindings.declare_exchange
        self.delete_exchange = bindings.delete_exchange
        self.bind = bindings.bind
        self.bind_exchange = bindings.bind_exchange
        self.unbind = bindings.unbind

        publishing = Publishing(clock, trace, flow, self._queues, self._exchanges)
        self.publish = publishing.publish
        self.send = publishing.send
        self.check_publish = publishing.check_publish
        self.repeat = publishing.repeat

        global_qos = permit is None or GLOBAL_QOS in permit
        consuming = Consuming(flow, self._usable, self._replies, self._left, global_qos)
        self.open_channel = consuming.open_channel
        self.consume = consuming.consume
        self.cancel = consuming.cancel
        self.get = consuming.get
        self.qos = consuming.qos
        self.close = consuming.close
        self._close_all = consuming.close_all
        self.flow = flow.let

        settling = Settling(flow)
        self.ack = settling.ack
        self.nack = settling.nack
        self.reject = settling.reject
        self.recover = settling.recover

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

    def where(self, queue: Queue) -> dict[str, object]:
        """The node that leads a queue (None: nobody), its members, and whether it works; nothing
        if there is one node."""
        return {} if self._cluster is None else self._cluster.nodes.where(queue)

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
        node: int = 1,
    ) -> Queue:
        """Make a queue, or find it. With an empty name the broker makes one up. The client is at
        this `node`."""
        if passive:
            return self._usable(name, connection, "declare")
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
            queue = declaration.made(wanted)
            if self._cluster is not None:
                self._cluster.nodes.place(queue, node)
            self._queues[name] = queue
            if self._flow.keeper is not None and queue.durable:
                self._flow.keeper.queue_made(queue)
            self._flow.try_again()
        else:
            self._check_halted(queue, "declare")
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
        if self._cluster is not None:
            self._cluster.nodes.check_store(
                "The operation to delete the queue from the metadata store timed out"
            )
        halted = queue.halted
        count = self._delete(who, queue)
        return 0 if halted else count  # they cannot be counted

    def purge(self, who: str, queue: str, connection: object = None) -> int:
        """Drop all ready copies; gives their number."""
        source = self._usable(queue, connection, "purge")
        gone = source.purge()
        for copy in gone:
            self._flow.settled(who, source, copy, "purged")
        self._flow.try_again()
        return len(gone)

    def _usable(self, name: str, connection: object, what: str) -> Queue:
        direct_replies.check_usable(name)
        queue = self.queue(name)
        self._check_halted(queue, what)
        if queue.exclusive_to is not None:
            declaration.check_use(queue, connection)
        return queue

    def _check_halted(self, queue: Queue, what: str) -> None:
        if queue.halted and self._cluster is not None:
            refused = self._cluster.nodes.refuse(queue, what)
            if refused is not None:
                raise refused

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
        if self._cluster is not None:
            self._cluster.deleted(queue)
        self._flow.try_again()
        return len(gone)

    def _unused(self, queue: Queue) -> None:
        """Its time without use is over (x-expires); nothing of it is dead-lettered."""
        if queue.halted:
            return  # it is looked at again when it works
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

    # --- nodes -------------------------------------------------------------------------

    @property
    def cluster(self) -> Cluster:
        """What can be done to single nodes. ValueError if there is one only."""
        if self._cluster is None:
            raise ValueError("there is one node only, and no cluster; start it with more")
        return self._cluster

    # --- connections -------------------------------------------------------------------

    def _replies(self, channel: Channel, tag: str) -> Queue:
        """What stands for a queue while a channel is subscribed to the answers to its requests."""
        name = f"{direct_replies.REPLIES}.{self._new_suffix()}"
        channel.replies, channel.replies_tag = name, tag
        self._queues[name] = Queue(name, durable=False, auto_delete=True)
        return self._queues[name]

    def disconnect(
        self, connections: Sequence[object], channels: Iterable[Channel], why: str
    ) -> None:
        """Connections are gone together with all their channels: what one of these gives back is
        pushed to none of the others, and queues that are exclusive to one of them go with it."""
        self._close_all(channels, why)
        for queue in list(self._queues.values()):
            if any(queue.exclusive_to is gone for gone in connections):
                self._delete("broker", queue)
