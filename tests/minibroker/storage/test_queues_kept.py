"""A broker of queues that is killed and started again on the same directory."""

import logging
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minibroker.queues.broker import Broker
from minibroker.queues.errors import ChannelError, NotFound
from minibroker.queues.keeper import is_kept
from minibroker.sim.trace import Trace
from minibroker.storage import queue_disk
from minibroker.storage.errors import StorageError
from minibroker.storage.queue_disk import open_queues
from tests.minibroker.queues.due import Due

PERSISTENT = {"delivery_mode": 2}


class Server:
    """What a server does with a directory; `dies` leaves it as a ``kill -9`` does."""

    def __init__(self, directory, **options):
        self.directory, self.options, self.now = directory, options, 0
        self.starts()

    def starts(self):
        self.due = Due(self.now)
        self.trace = Trace()
        found = open_queues(self.directory, self.due.clock, self.trace, self.due.at, **self.options)
        self.broker: Broker = found[0]
        self.disk = found[1]
        self.pushed = []
        self.channel = self.broker.open_channel("client", self.pushed.append)
        return self

    def dies(self):
        self.now = self.due.clock.now
        self.disk.abandon()
        return self

    def restarts(self):
        self.disk.flush()
        return self.dies().starts()

    def send(self, body, queue="orders", exchange="", **properties):
        given = PERSISTENT | properties
        return self.broker.send("client", exchange, queue, body.encode(), given)

    def get(self, queue="orders"):
        return self.broker.get(self.channel, queue, auto_ack=False)

    def ready(self, queue="orders"):
        """The bodies that are there; takes them."""
        found = []
        while (delivery := self.get(queue)) is not None:
            found.append(delivery.copy.message.body.decode())
        return found


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "queues")
    server.broker.declare_queue("orders")
    yield server
    server.disk.close()


def test_persistent_messages_of_a_durable_queue_are_there_after_a_restart_in_order(server):
    for number in range(3):
        server.send(f"order-{number}")
    server.send("gone", delivery_mode=1)
    assert server.restarts().ready() == ["order-0", "order-1", "order-2"]


def test_a_transient_queue_is_not(server):
    server.broker.declare_queue("passing", durable=False)
    server.disk.flush()
    server.send("order-1", "passing")
    assert not server.disk.needs_flush
    server.restarts()
    assert not server.broker.has_queue("passing")


def test_a_quorum_queue_keeps_everything(server):
    server.broker.declare_queue("bills", arguments={"x-queue-type": "quorum"})
    server.send("bill-1", "bills", delivery_mode=1)
    assert server.restarts().ready("bills") == ["bill-1"]
    assert server.broker.queue("bills").arguments.quorum


def test_what_was_acked_does_not_come_again_and_what_was_not_is_marked_redelivered(server):
    server.send("order-1")
    server.send("order-2")
    server.broker.ack(server.channel, server.get().tag)
    assert not server.get().redelivered
    again = server.restarts().get()
    assert (again.copy.message.body, again.redelivered) == (b"order-2", True)


def test_failures_are_counted_on(server):
    limited = {"x-queue-type": "quorum", "x-delivery-limit": 1}
    server.broker.declare_queue("bills", arguments=limited)
    server.send("bill-1", "bills")
    server.broker.reject(server.channel, server.get("bills").tag, requeue=True)
    server.restarts()
    server.broker.reject(server.channel, server.get("bills").tag, requeue=True)
    assert server.ready("bills") == []


def test_what_a_dead_letter_has_behind_it_is_known_after_a_restart(server):
    to_dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    server.broker.declare_queue("dead", arguments={"x-dead-letter-exchange": ""})
    server.broker.declare_queue("safe", arguments={"x-queue-type": "quorum"} | to_dead)
    server.broker.declare_queue("last", arguments={"x-queue-type": "quorum"})
    found = PERSISTENT | {"headers": {"CC": ["last"]}}
    server.broker.send("client", "", "safe", b"one", found, copies=("last",))
    server.broker.reject(server.channel, server.get("safe").tag, requeue=False)
    server.restarts()
    delivery = server.get("dead")
    assert (delivery.copy.message.failures, delivery.copy.message.copies) == (1, ())
    [death] = delivery.copy.message.deaths
    assert death.copies == ("last",)
    assert server.get("last").copy.message.copies == ("last",)


def test_a_time_to_live_goes_on_while_the_broker_is_down(server):
    server.send("soon", expiration="1000")
    server.send("later", expiration="5000")
    server.disk.flush()
    server.dies()
    server.now += 2_000_000
    assert server.starts().ready() == ["later"]


def test_what_is_over_while_the_broker_is_down_is_dead_lettered_once(server):
    dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders"}
    server.broker.declare_queue("waiting", arguments=dead)
    server.send("order-1", "waiting", expiration="1000")
    server.disk.flush()
    server.dies()
    server.now += 2_000_000
    server.starts()
    assert server.restarts().ready() == ["order-1"]
    assert server.ready("waiting") == []


def test_exchanges_and_bindings_are_there_after_a_restart(server):
    server.broker.declare_exchange("events", durable=True, kind="topic")
    server.broker.declare_exchange("all", durable=True, kind="fanout")
    server.broker.declare_exchange("passing", kind="fanout")
    server.broker.bind_exchange("all", "events", "order.#")
    server.broker.bind("orders", "all", "")
    server.broker.bind("orders", "passing", "")
    server.broker.bind("orders", "events", "unbound")
    server.broker.unbind(("queue", "orders"), "events", "unbound")
    server.restarts()
    server.send("order-1", "order.placed", "events")
    server.send("no order", "unbound", "events")
    assert server.ready() == ["order-1"]
    with pytest.raises(NotFound):
        server.send("x", "", "passing")


def test_what_was_deleted_stays_deleted(server):
    server.broker.declare_exchange("events", durable=True, kind="fanout")
    server.broker.bind("orders", "events", "")
    server.send("order-1")
    server.broker.delete_queue("client", "orders")
    server.broker.delete_exchange("events")
    server.broker.declare_queue("orders")
    assert server.restarts().ready() == []
    server.broker.declare_exchange("events", durable=True, kind="fanout")
    server.send("order-2", "", "events")
    assert server.ready() == []


def test_a_deleted_queue_and_exchange_do_not_come_back(server):
    server.broker.declare_exchange("events", durable=True, kind="fanout")
    server.disk.flush()
    server.broker.delete_queue("client", "orders")
    server.broker.delete_exchange("events")
    server.restarts()
    assert not server.broker.has_queue("orders")
    with pytest.raises(NotFound):
        server.send("order-1", "", "events")


def test_a_binding_of_what_does_not_last_is_not_kept(server, caplog):
    server.broker.declare_exchange("passing", kind="fanout")
    server.broker.declare_exchange("events", durable=True, kind="fanout")
    server.broker.bind("orders", "passing", "")
    server.broker.bind_exchange("passing", "events", "")
    with caplog.at_level(logging.ERROR):
        server.restarts()
    assert not caplog.records


def test_what_was_not_flushed_is_gone_as_a_whole(server):
    server.send("order-1")
    server.disk.flush()
    server.broker.purge("client", "orders")
    server.send("order-2")
    assert server.dies().starts().ready() == ["order-1"]


def test_a_torn_line_is_cut_off(server, caplog):
    server.send("order-1")
    server.disk.flush()
    server.send("order-2")
    server.disk.flush()
    server.dies()
    journal = server.directory / "queues.journal"
    journal.write_bytes(journal.read_bytes()[:-5])
    with caplog.at_level(logging.WARNING):
        assert server.starts().ready() == ["order-1"]
    assert "cut off" in caplog.text


def test_a_journal_does_not_grow_with_what_is_gone(server, monkeypatch):
    monkeypatch.setattr(queue_disk, "LARGE", 2_000)
    for number in range(200):
        server.send(f"order-{number}")
        if number:
            server.broker.ack(server.channel, server.get().tag)
        server.disk.flush()
    assert (server.directory / "queues.journal").stat().st_size < 4_000
    assert server.restarts().ready() == ["order-199"]


def test_two_brokers_do_not_share_a_directory(server):
    with pytest.raises(StorageError, match="is in use by"):
        Server(server.directory)


def test_a_disk_that_takes_no_more_ends_all_confirms(server, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    server.send("order-1")
    for _ in range(2):
        with pytest.raises(StorageError, match="must stop"):
            server.disk.flush()
    monkeypatch.undo()


KINDS = {
    "classic": {},
    "quorum": {"x-queue-type": "quorum", "x-delivery-limit": 2},
    "ranked": {"x-max-priority": 3},
    "short": {"x-max-length": 2, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    "brief": {
        "x-message-ttl": 2_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead",
    },
    "dead": {},
}  # fmt: skip

names = st.sampled_from(list(KINDS))


class KeptQueues(RuleBasedStateMachine):
    """A broker that is killed comes back with all that it had and was to keep."""

    def __init__(self):
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.server = Server(Path(self.scratch.name) / "queues", fsync="never")
        self.sent = 0

    def tries(self, action):
        with suppress(ChannelError):
            action(self.server.broker)

    @rule(name=names, durable=st.booleans())
    def declare(self, name, durable):
        durable = durable or name == "quorum"
        self.tries(lambda broker: broker.declare_queue(name, durable, arguments=KINDS[name]))

    @rule(name=names)
    def delete(self, name):
        self.server.broker.delete_queue("client", name)

    @rule(name=names)
    def purge(self, name):
        self.tries(lambda broker: broker.purge("client", name))

    @rule(kind=st.sampled_from(["fanout", "topic"]), auto=st.booleans())
    def make_exchange(self, kind, auto):
        self.tries(
            lambda broker: broker.declare_exchange(
                "events", durable=True, kind=kind, auto_delete=auto
            )
        )

    @rule()
    def delete_exchange(self):
        self.server.broker.delete_exchange("events")

    @rule(name=names, source=st.sampled_from(["events", "amq.topic"]), there=st.booleans())
    def bind(self, name, source, there):
        if there:
            self.tries(lambda broker: broker.bind(name, source, "order.*"))
        else:
            self.tries(lambda broker: broker.unbind(("queue", name), source, "order.*"))

    @rule(
        name=names,
        exchange=st.sampled_from(["", "", "events", "amq.topic"]),
        mode=st.sampled_from([1, 2, 2]),
        priority=st.sampled_from([None, 1, 3]),
    )
    def publish(self, name, exchange, mode, priority):
        self.sent += 1
        more = {} if priority is None else {"priority": priority}
        key = "order.placed" if exchange else name
        self.tries(
            lambda broker: broker.send(
                "client", exchange, key, b"%d" % self.sent, {"delivery_mode": mode} | more
            )
        )

    @rule(name=names, auto_ack=st.booleans())
    def get(self, name, auto_ack):
        self.tries(lambda broker: broker.get(self.server.channel, name, auto_ack))

    @precondition(lambda self: self.server.channel.unacked)
    @rule(data=st.data(), how=st.sampled_from(["ack", "nack", "reject", "drop"]))
    def settle(self, data, how):
        channel, broker = self.server.channel, self.server.broker
        tag = data.draw(st.sampled_from(sorted(channel.unacked)))
        match how:
            case "ack":
                broker.ack(channel, tag)
            case "nack":
                broker.nack(channel, tag, multiple=False, requeue=True)
            case _:
                broker.reject(channel, tag, requeue=how == "reject")

    @rule(span=st.sampled_from([0.5, 1.0, 3.0]))
    def time_passes(self, span):
        self.server.due.passes(span)

    @rule()
    def flush(self):
        self.server.disk.flush()

    @rule()
    def dies_and_starts(self):
        self.server.disk.flush()
        before = self.to_be_kept()
        self.server.restarts()
        assert self.to_be_kept() == before
        assert not self.server.channel.unacked

    @invariant()
    def each_kept_copy_is_known_once(self):
        known = [copy.kept for _, copy in self.copies() if copy.kept]
        assert len(known) == len(set(known))

    def copies(self):
        """Each copy in its queue, ready or handed out, in the order in which they came."""
        channel = self.server.channel
        for queue in self.server.broker.lasting()[0]:
            ready = list(queue._ready)
            held = [
                one.copy
                for one in channel.unacked.values()
                if one.queue is queue and not one.queue.deleted
            ]
            for copy in sorted(ready + held, key=lambda copy: int(copy.message.body)):
                yield queue, copy

    def to_be_kept(self):
        queues, exchanges = self.server.broker.lasting()
        names = {("queue", queue.name) for queue in queues}
        copies = [
            (queue.name, copy.message.body, copy.message.properties, copy.message.deaths,
             copy.attempts, copy.failures, copy.expires)
            for queue, copy in self.copies()
            if is_kept(queue, copy.message)
        ]  # fmt: skip
        bindings = [
            (exchange.name, exchange.kind, exchange.auto_delete, each.target, each.routing_key)
            for exchange in exchanges
            for each in exchange.bindings
            if each.target in names
        ]
        return sorted((q.name, repr(q.arguments)) for q in queues), copies, sorted(bindings)

    def teardown(self):
        self.server.disk.abandon()
        self.scratch.cleanup()


TestKeptQueues = KeptQueues.TestCase
TestKeptQueues.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
