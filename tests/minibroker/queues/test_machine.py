"""The queue engine against a model that any reader can check at a glance.

The model keeps, for each queue, a list of what is ready in the order of first publication, and for
each channel a dict of what it holds. It does not decide who is served: it looks at whom the engine
served and says whether that was allowed.
"""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.errors import ChannelError
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Delivered, Published, Requeued, Settled, Trace

QUEUES = ("a", "b")
CLIENTS = 3


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
    subscribed: int = 0


class QueueEngine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.trace = Trace()
        self.broker = Broker(Clock(), self.trace, lambda when, action: None)
        for queue in QUEUES:
            self.broker.declare_queue(queue)
            self.broker.bind(queue, "amq.direct", "both")
        self.ready: dict[str, list[int]] = {queue: [] for queue in QUEUES}
        self.delivered: set[tuple[str, int]] = set()
        self.settled: set[tuple[str, int]] = set()
        self.published = 0
        self.pushed: list[tuple[Client, Delivery]] = []
        self.open = [self.a_client() for _ in range(CLIENTS)]

    def a_client(self) -> Client:
        def deliver(delivery: Delivery) -> None:
            self.pushed.append((client, delivery))

        client = Client(self.broker.open_channel("client#1", deliver))
        return client

    # --- what a client does --------------------------------------------------------------------

    # One rule for all: hypothesis leaves most rules out of most of its runs, and a queue shows
    # its faults only when all of them meet.
    @rule(
        what=st.sampled_from(
            [
                *("publishes", "consumes", "gets", "settles", "settles", "cancels"),
                *("publishes", "consumes", "gets", "settles", "goes_away", "purges"),
            ]
        ),
        who=st.integers(0, CLIENTS - 1),
        queue=st.sampled_from(QUEUES),
        number=st.integers(0, 5),
        flag=st.booleans(),
        prefetch=st.integers(0, 3),
        how=st.sampled_from(["ack", "requeue", "drop"]),
    )
    def happens(self, what: str, who: int, queue: str, number: int, flag: bool,
                prefetch: int, how: str) -> None:  # fmt: skip
        client = self.open[who]
        match what:
            case "publishes":
                self.publishes(["nowhere", "both", queue, queue, queue, queue][number])
            case "consumes":
                client.channel.prefetch = prefetch
                self.consumes(client, queue, auto_ack=number == 0)
            case "gets":
                self.gets(client, queue, auto_ack=number == 0)
            case "settles":
                known = [*client.held, 0, client.last_tag + 1]
                self.settles(client, known[min(number, len(known) - 1)], flag, how)
            case "cancels" if client.consumers:
                self.cancels(client, sorted(client.consumers)[number % len(client.consumers)])
            case "goes_away":
                self.goes_away(client)
                self.open[who] = self.a_client()
            case "purges" if flag:
                self.purges(queue)
        self.look()

    def publishes(self, key: str) -> None:
        exchange = "amq.direct" if key == "both" else ""
        message = self.broker.publish("scenario", exchange, key, b"")
        self.published += 1
        assert message.number == self.published
        for queue in QUEUES:
            if key in (queue, "both"):
                self.ready[queue].append(message.number)

    def consumes(self, client: Client, queue: str, auto_ack: bool) -> None:
        client.subscribed += 1
        tag = f"tag-{client.subscribed}"
        client.consumers[tag] = (queue, client.channel.prefetch, auto_ack)
        self.broker.consume(client.channel, queue, tag, auto_ack)

    def cancels(self, client: Client, tag: str) -> None:
        del client.consumers[tag]
        self.broker.cancel(client.channel, tag)

    def gets(self, client: Client, queue: str, auto_ack: bool) -> None:
        delivery = self.broker.get(client.channel, queue, auto_ack)
        if delivery is None:
            assert self.ready[queue] == []
        else:
            self.handed_out(client, delivery, queue, auto_ack)

    def settles(self, client: Client, tag: int, multiple: bool, how: str) -> None:
        known = tag in client.held or (multiple and tag == 0)
        meant = [held for held in client.held if not tag or held <= tag] if multiple else [tag]
        held = [client.held.pop(number) for number in meant] if known else []
        refusal = ""
        try:
            if how == "ack":
                self.broker.ack(client.channel, tag, multiple)
            else:
                self.broker.nack(client.channel, tag, multiple, requeue=how == "requeue")
        except ChannelError as error:
            refusal = f"{error.code} {error.text}"
        unknown = f"406 PRECONDITION_FAILED - unknown delivery tag {tag}"
        assert refusal == ("" if known else unknown)
        for copy in held:
            if how == "requeue":
                self.goes_back(copy)
            else:
                self.settled.add((copy.queue, copy.message))

    def goes_away(self, client: Client) -> None:
        client.consumers.clear()
        for held in client.held.values():
            self.goes_back(held)
        client.held.clear()
        self.broker.close(client.channel, "connection lost")

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


QueueEngine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestQueueEngine = QueueEngine.TestCase
