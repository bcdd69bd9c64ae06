"""The queue engine against a model that any reader can check at a glance.

The model keeps, for each queue, a list of what is ready in the order of first publication, and for
each channel a dict of what it holds. It does not decide who is served: it looks at whom the engine
served and says whether that was allowed.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
)

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.errors import ChannelError
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Delivered, Published, Requeued, Settled, Trace

QUEUES = ("a", "b")


@dataclass
class Held:
    """What the model knows of a copy that a channel holds."""

    queue: str
    message: int
    consumer: str


@dataclass(eq=False)
class Client:
    """A channel of the engine, and what the model knows of it."""

    channel: Channel
    held: dict[int, Held] = field(default_factory=dict)
    consumers: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    last_tag: int = 0


class QueueEngine(RuleBasedStateMachine):
    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self.broker = Broker(Clock(), self.trace)
        for queue in QUEUES:
            self.broker.declare_queue(queue)
            self.broker.bind(queue, "amq.direct", "both")
        self.ready: dict[str, list[int]] = {queue: [] for queue in QUEUES}
        self.delivered: set[tuple[str, int]] = set()
        self.settled: set[tuple[str, int]] = set()
        self.published = 0
        self.open: list[Client] = []
        self.pushed: list[tuple[Client, Delivery]] = []

    # --- what a client does --------------------------------------------------------------------

    @rule(target=clients, prefetch=st.integers(0, 3))
    def opens_a_channel(self, prefetch: int) -> Client:
        def deliver(delivery: Delivery) -> None:
            self.pushed.append((client, delivery))

        client = Client(self.broker.open_channel(f"client#{len(self.open)}", deliver))
        client.channel.prefetch = prefetch
        self.open.append(client)
        return client

    @rule(key=st.sampled_from([*QUEUES, "both", "nowhere"]))
    def publishes(self, key: str) -> None:
        exchange = "amq.direct" if key == "both" else ""
        message = self.broker.publish("scenario", exchange, key, b"")
        self.published += 1
        assert message.number == self.published
        for queue in QUEUES:
            if key in (queue, "both"):
                self.ready[queue].append(message.number)
        self.look()

    @rule(client=clients, queue=st.sampled_from(QUEUES), auto_ack=st.booleans())
    def consumes_from(self, client: Client, queue: str, auto_ack: bool) -> None:
        tag = f"tag-{len(client.consumers)}-{client.last_tag}"
        if not client.channel.open or tag in client.consumers:
            return
        client.consumers[tag] = (queue, client.channel.prefetch, auto_ack)
        self.broker.consume(client.channel, queue, tag, auto_ack)
        self.look()

    @rule(client=clients, data=st.data())
    def cancels(self, client: Client, data: st.DataObject) -> None:
        if client.consumers:
            tag = data.draw(st.sampled_from(sorted(client.consumers)))
            del client.consumers[tag]
            self.broker.cancel(client.channel, tag)
            self.look()

    @rule(client=clients, queue=st.sampled_from(QUEUES), auto_ack=st.booleans())
    def gets(self, client: Client, queue: str, auto_ack: bool) -> None:
        if not client.channel.open:
            return
        delivery = self.broker.get(client.channel, queue, auto_ack)
        if delivery is None:
            assert self.ready[queue] == []
        else:
            self.handed_out(client, delivery, queue, auto_ack)
        self.look()

    @rule(
        client=clients,
        multiple=st.booleans(),
        back=st.sampled_from(["ack", "requeue", "drop"]),
        data=st.data(),
    )
    def settles(self, client: Client, multiple: bool, back: str, data: st.DataObject) -> None:
        if not client.channel.open:
            return
        wrong = [client.last_tag + 1] if multiple else [0, client.last_tag + 1]
        tag = data.draw(st.sampled_from([*client.held, *wrong, *([0] if multiple else [])]))
        if multiple:
            meant = [held for held in client.held if not tag or held <= tag]
        else:
            meant = [tag]
        known = tag in client.held or (multiple and tag == 0)
        held = (
            [client.held.pop(number) for number in meant if number in client.held] if known else []
        )
        refusal = ""
        try:
            if back == "ack":
                self.broker.ack(client.channel, tag, multiple)
            else:
                self.broker.nack(client.channel, tag, multiple, requeue=back == "requeue")
        except ChannelError as error:
            refusal = f"{error.code} {error.text}"
        unknown = f"406 PRECONDITION_FAILED - unknown delivery tag {tag}"
        assert refusal == ("" if known else unknown)
        for copy in held:
            if back == "requeue":
                self.goes_back(copy)
            else:
                self.settled.add((copy.queue, copy.message))
        self.look()

    @rule(client=consumes(clients))
    def goes_away(self, client: Client) -> None:
        client.consumers.clear()
        for held in client.held.values():
            self.goes_back(held)
        client.held.clear()
        self.open.remove(client)
        self.broker.close(client.channel, "connection lost")
        self.look()

    @rule(queue=st.sampled_from(QUEUES))
    def purges(self, queue: str) -> None:
        assert self.broker.purge("scenario", queue) == len(self.ready[queue])
        self.settled |= {(queue, message) for message in self.ready[queue]}
        self.ready[queue].clear()

    # --- what the model makes of it ------------------------------------------------------------

    def goes_back(self, held: Held) -> None:
        self.ready[held.queue] = sorted([*self.ready[held.queue], held.message])

    def look(self) -> None:
        """Judge what the engine has pushed since the last look."""
        pushed, self.pushed = self.pushed, []
        for client, delivery in pushed:
            queue, _, auto_ack = client.consumers[delivery.consumer]
            self.handed_out(client, delivery, queue, auto_ack)

    def handed_out(self, client: Client, delivery: Delivery, queue: str, auto_ack: bool) -> None:
        message = delivery.copy.message.number
        copy = (queue, message)
        assert client.channel.open, "nothing is handed to a closed channel"
        assert copy not in self.settled, "what was settled is never handed out again"
        assert self.ready[queue][0] == message, "the first that is ready is handed out first"
        assert delivery.redelivered == (copy in self.delivered)
        assert delivery.tag == client.last_tag + 1, "delivery tags count up by one"
        client.last_tag = delivery.tag
        self.ready[queue].pop(0)
        self.delivered.add(copy)
        if auto_ack:
            self.settled.add(copy)
        else:
            client.held[delivery.tag] = Held(queue, message, delivery.consumer)

    @invariant()
    def each_copy_is_in_one_place(self) -> None:
        for queue in QUEUES:
            assert len(self.broker.queue(queue)) == len(self.ready[queue])
        for client in self.open:
            assert sorted(client.channel.unacked) == sorted(client.held)

    @invariant()
    def counts_add_up(self) -> None:
        copies = sum(len(event.queues) for event in self.trace.of(Published))
        ready = sum(map(len, self.ready.values()))
        held = sum(len(client.held) for client in self.open)
        assert copies == ready + held + len(self.settled)
        assert len(self.settled) == len(self.trace.of(Settled))

    @invariant()
    def the_prefetch_count_is_kept(self) -> None:
        for client in self.open:
            for tag, (_, prefetch, auto_ack) in client.consumers.items():
                holds = sum(held.consumer == tag for held in client.held.values())
                assert auto_ack or prefetch == 0 or holds <= prefetch

    @invariant()
    def nothing_waits_while_somebody_has_room(self) -> None:
        for client in self.open:
            for tag, (queue, prefetch, auto_ack) in client.consumers.items():
                holds = sum(held.consumer == tag for held in client.held.values())
                if auto_ack or prefetch == 0 or holds < prefetch:
                    assert self.ready[queue] == []

    @invariant()
    def the_trace_tells_where_each_copy_is(self) -> None:
        place: dict[tuple[str, int], str] = {}
        for event in self.trace:
            match event:
                case Published(queues=queues, message=message):
                    place |= {(queue, message): "ready" for queue in queues}
                case Delivered(queue=queue, message=message):
                    assert place[queue, message] == "ready"
                    place[queue, message] = "held"
                case Requeued(queue=queue, message=message):
                    assert place[queue, message] == "held"
                    place[queue, message] = "ready"
                case Settled(queue=queue, message=message):
                    assert place[queue, message] in ("held", "ready")
                    place[queue, message] = "gone"
        assert {copy for copy, where in place.items() if where == "gone"} == self.settled
        waiting = {(queue, message) for queue in QUEUES for message in self.ready[queue]}
        assert {copy for copy, where in place.items() if where == "ready"} == waiting


QueueEngine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueEngine = QueueEngine.TestCase
