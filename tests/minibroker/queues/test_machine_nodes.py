"""A cluster whose nodes stop and start at will, against a model of what it has promised.

The model keeps what was confirmed and which acks counted. An ack counts at once in a queue that
works. In one that is halted it counts when that works again, if its channel is still open then; if
it is not, either may be. At the end all nodes run: what was confirmed and not acked is there, in
order, and nobody waits for an answer.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.errors import ChannelError
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Published, Requeued, Settled, Trace

QUORUM, CLASSIC = "quorum", "classic"
QUEUES = (QUORUM, CLASSIC)
REFUSALS = {QUORUM: 541, CLASSIC: 404}
CLIENTS = 4


@dataclass(eq=False)
class Client:
    """A channel of a connection of its own, and what the model knows of it."""

    node: int
    channel: Channel
    got: list[Delivery] = field(default_factory=list)
    held: dict[int, tuple[str, int]] = field(default_factory=dict)
    void: list[int] = field(default_factory=list)
    """Tags of what a classic queue took back when its node stopped."""
    acked: set[int] = field(default_factory=set)
    """What of the quorum queue was acked, and does not count yet."""
    unconfirmed: set[int] = field(default_factory=set)
    subscribed: int = 0


class Cluster(RuleBasedStateMachine):
    @initialize(count=st.sampled_from([2, 3, 5]), home=st.integers(1, 2))
    def begins(self, count: int, home: int) -> None:
        self.count, self.home = count, home
        self.trace = Trace()
        self.broker = Broker(Clock(), self.trace, lambda when, action: None, nodes=count)
        arguments = {"x-queue-type": "quorum", "x-delivery-limit": -1}
        self.broker.declare_queue(QUORUM, arguments=arguments, node=home)
        self.broker.declare_queue(CLASSIC, node=home)
        place = self.broker.where(self.broker.queue(QUORUM))
        self.members = set(place["members"])  # type: ignore[call-overload]
        self.running = set(range(1, count + 1))
        self.confirmed: dict[str, set[int]] = {queue: set() for queue in QUEUES}
        self.done: dict[str, set[int]] = {queue: set() for queue in QUEUES}
        self.perhaps_done: set[int] = set()
        self.delivered: set[tuple[str, int]] = set()
        self.clients = [self.a_client(1 + number % count) for number in range(CLIENTS)]

    def a_client(self, node: int) -> Client:
        def deliver(delivery: Delivery) -> None:
            assert not self.broker.queue(delivery.queue).halted
            client.got.append(delivery)

        channel = self.broker.open_channel("client#1", deliver, None, object(), node)
        channel.prefetch = 2
        client = Client(node, channel)
        return client

    def works(self, queue: str) -> bool:
        if queue == CLASSIC:
            return self.home in self.running
        return 2 * len(self.running & self.members) > len(self.members)

    # --- what happens --------------------------------------------------------------------------

    @rule(
        what=st.sampled_from(
            [
                *("publishes", "publishes", "consumes", "gets", "acks", "acks", "rejects"),
                *("publishes", "leaves", "stops", "stops", "starts", "starts", "starts"),
            ]
        ),
        who=st.integers(0, CLIENTS - 1),
        queue=st.sampled_from([QUORUM, QUORUM, QUORUM, CLASSIC]),
        number=st.integers(0, 4),
    )
    def happens(self, what: str, who: int, queue: str, number: int) -> None:
        node = 1 + number % self.count
        client = self.clients[who]
        if not client.channel.open and client.node in self.running:
            client = self.clients[who] = self.a_client(client.node)
        if what == "stops":
            self.stops(node)
        elif what == "starts":
            self.starts(node)
        elif client.channel.open:
            held = sorted([*client.held, *client.void])
            match what:
                case "publishes":
                    self.publishes(client, queue)
                case "consumes" | "gets":
                    self.takes(client, queue, what)
                case "acks" | "rejects" if held:
                    self.settles(client, held[number % len(held)], what)
                case "leaves":
                    self.gone(client)
                    self.broker.close(client.channel, "connection lost")
        self.look()

    def publishes(self, client: Client, queue: str) -> None:
        properties = {"delivery_mode": 2}
        receipt = self.broker.send(
            "client#1",
            "",
            queue,
            b"",
            properties,
            channel=client.channel,  # type: ignore[arg-type]
        )
        number = receipt.message.number
        if self.works(queue):
            assert receipt.accepted
            assert receipt.pending is None
            self.confirmed[queue].add(number)
        elif queue == CLASSIC:
            assert not receipt.accepted
        else:
            assert receipt.accepted
            assert receipt.pending is not None
            client.unconfirmed.add(number)

            def taken() -> None:
                assert self.works(QUORUM), "nothing is confirmed without a majority"
                client.unconfirmed.discard(number)
                self.confirmed[QUORUM].add(number)

            receipt.pending.then = taken

    def takes(self, client: Client, queue: str, what: str) -> None:
        client.subscribed += 1
        if not self.works(queue):
            with pytest.raises(ChannelError) as refused:
                self.take(client, queue, what)
            assert refused.value.code == REFUSALS[queue]
        else:
            self.take(client, queue, what)

    def take(self, client: Client, queue: str, what: str) -> None:
        if what == "consumes":
            self.broker.consume(client.channel, queue, f"tag-{client.subscribed}", False)
        elif (delivery := self.broker.get(client.channel, queue, False)) is not None:
            client.got.append(delivery)

    def settles(self, client: Client, tag: int, how: str) -> None:
        queue, message = client.held.pop(tag, ("", 0))
        before = len(self.trace)
        if how == "acks":
            self.broker.ack(client.channel, tag)
        else:
            self.broker.reject(client.channel, tag, requeue=True)
        if not queue:
            client.void.remove(tag)
        if not queue or not self.works(queue):
            assert len(self.trace) == before, "nothing is settled in a queue that is halted"
        if not queue:
            return
        if how == "acks" and self.works(queue):
            self.done[queue].add(message)
        elif how == "acks":
            client.acked.add(message)

    def gone(self, client: Client) -> None:
        """Its connection is lost."""
        client.held.clear()
        client.void.clear()
        if client.acked:
            event("an ack may be lost")
        self.perhaps_done |= client.acked
        client.acked.clear()

    def stops(self, node: int) -> None:
        for client in self.clients:
            if client.node == node:
                self.gone(client)
        self.running.discard(node)
        self.broker.cluster.stop(node)
        if node == self.home:
            for client in self.clients:
                void = [tag for tag, (queue, _) in client.held.items() if queue == CLASSIC]
                client.void += void
                for tag in void:
                    del client.held[tag]

    def starts(self, node: int) -> None:
        self.running.add(node)
        if self.works(QUORUM):
            for client in self.clients:
                if client.unconfirmed and client.channel.open:
                    event("a confirm has waited")
                self.done[QUORUM] |= client.acked
                client.acked.clear()
        self.broker.cluster.start(node)

    # --- what the model makes of it ------------------------------------------------------------

    def look(self) -> None:
        """Judge what was handed out since the last look."""
        for queue in QUEUES:
            assert self.broker.queue(queue).halted != self.works(queue)
        for client in self.clients:
            got, client.got = client.got, []
            for delivery in got:
                queue, message = delivery.queue, delivery.copy.message.number
                assert message not in self.done[queue], "never handed out after its ack counted"
                assert delivery.redelivered == ((queue, message) in self.delivered)
                if queue == QUORUM:
                    assert delivery.copy.failures == self.failures(message)
                self.delivered.add((queue, message))
                if client.channel.open:
                    client.held[delivery.tag] = (queue, message)

    def failures(self, message: int) -> int:
        back = [each for each in self.trace.of(Requeued) if each.queue == QUORUM]
        return sum(each.message == message for each in back)

    def settled(self, queue: str) -> set[int]:
        found = [each.message for each in self.trace.of(Settled) if each.queue == queue]
        assert len(found) == len(set(found)), "nothing is settled twice"
        return set(found)

    def published(self, queue: str) -> set[int]:
        return {each.message for each in self.trace.of(Published) if queue in each.queues}

    def teardown(self) -> None:
        for node in range(1, self.count + 1):
            self.starts(node)
        self.look()
        for client in self.clients:
            assert not client.channel.open or not client.unconfirmed, "nobody waits for an answer"
        reader = self.a_client(1)
        settled = {queue: self.settled(queue) for queue in QUEUES}
        for queue in QUEUES:
            held = {each for client in self.clients for _, each in client.held.items()}
            ready = []
            while (delivery := self.broker.get(reader.channel, queue, auto_ack=True)) is not None:
                ready.append(delivery.copy.message.number)
            there = {*ready, *(message for name, message in held if name == queue)}
            owed = self.confirmed[queue] - self.done[queue] - self.perhaps_done
            assert owed <= there, "what was confirmed is not lost"
            assert not there & self.done[queue], "what was acked is gone"
            assert not there & settled[queue], "a copy is in one place"
            assert there | settled[queue] == self.published(queue), "or the trace says how it went"
            assert len(ready) == len(set(ready))
            new = [message for message in ready if (queue, message) not in self.delivered]
            assert new == sorted(new), "what was never handed out is there in order"
        hows = {each.how for each in self.trace.of(Settled)}
        assert hows <= {"acked", "auto-acked", "uncommitted"}


Cluster.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestCluster = Cluster.TestCase
