"""What a connection that is lost means to the client, the broker and the message that was out.

The hooks that the world calls for its faults are called here as it calls them.
"""

from typing import Any

import pytest

from minibroker.agents.amqp import AmqpAgent
from minibroker.agents.amqp_socket import GIVEN_UP
from minibroker.queues.broker import Broker
from minibroker.sim.agent import Wait
from minibroker.sim.clock import SECOND
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.incarnation import Refused
from minibroker.sim.trace import Delivered, Published, Requeued, Trace
from tests.minibroker.queues.due import Due

WORKER = Caller("worker", 1)
LOST = "the connection to the broker is lost; open a new one to go on"


class Line:
    """A boundary of one process whose other side is in the hands of the test."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.due = Due()
        self.broker = Broker(self.due.clock, self.trace, self.due.at)
        self.broker.declare_queue("orders")
        self.agent = AmqpAgent(self.broker, self.due.clock)
        self.cut: set[str] = set()
        self.asked: list[str] = []
        self.last: tuple[str, dict[str, Any], Any] = ("", {}, None)

    @property
    def now(self) -> int:
        return self.due.clock.now

    def ask(self, client: str, op: str, **args: Any) -> Any:
        self.asked.append(op)
        if client == "clock":
            return self.sleep(args["seconds"])
        reply = self.agent.request(WORKER, op, args)
        if isinstance(reply, Wait):
            reply = self.waited(reply)
        if op in self.cut:
            self.cut.discard(op)
            reply = self.agent.broken(WORKER, op, args, happened=True) or reply
        self.last = op, args, reply
        if isinstance(reply, Refusal):
            raise Refused(reply.error, reply.message, reply.data)
        assert isinstance(reply, Answer)
        return reply.value

    def waited(self, wait: Wait) -> Any:
        if (reply := wait.ready()) is None:
            assert wait.deadline is not None, "the test would wait for ever"
            self.due.passes((wait.deadline - self.now) / SECOND)
            reply = wait.ready() or wait.otherwise
        return reply

    def sleep(self, span: float) -> None:
        """As `time.sleep` in the process."""
        self.agent.silent(WORKER, self.now + round(span * SECOND), frozen=True)
        self.due.passes(span)

    def publish(self, *bodies: str) -> None:
        for body in bodies:
            self.broker.publish("scenario", "", "orders", body.encode(), {"message_id": body})

    def lost(self) -> list[int]:
        return [event.at for event in self.trace.of(Requeued) if event.why == "connection lost"]


@pytest.fixture
def line() -> Line:
    return Line()


def connected(line: Line) -> tuple[Any, Any]:
    from minibroker.clients.pika import Connection

    connection = Connection(line)
    return connection, connection.channel()


# --- a call that breaks off ----------------------------------------------------------------------


def test_a_broken_call_loses_the_connection_with_all_its_channels(line: Line) -> None:
    from pika import exceptions

    connection, channel = connected(line)
    other = connection.channel()
    line.publish("one", "two")
    channel.basic_get("orders")
    line.cut.add("basic_publish")
    with pytest.raises(exceptions.StreamLostError, match=LOST):
        other.basic_publish("", "orders", b"three")
    assert len(line.trace.of(Published)) == 3  # it had happened
    assert len(line.lost()) == 1
    assert (connection.is_open, channel.is_open, other.is_open) == (False, False, False)
    asked = len(line.asked)
    for call in (lambda: channel.basic_ack(1), lambda: other.close()):
        with pytest.raises(exceptions.ChannelWrongStateError):
            call()
    for call in (connection.process_data_events, connection.channel, connection.close):
        with pytest.raises(exceptions.ConnectionWrongStateError):
            call()
    assert len(line.asked) == asked, "nothing of it crosses the boundary any more"


def test_another_connection_of_the_process_lives_on(line: Line) -> None:
    from pika import exceptions

    _, channel = connected(line)
    _, other = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    line.cut.add("basic_ack")
    with pytest.raises(exceptions.StreamLostError):
        channel.basic_ack(1)
    assert other.basic_get("orders") == (None, None, None)  # the ack had happened


def test_what_was_out_comes_to_the_next_connection_marked_as_redelivered(line: Line) -> None:
    from pika import exceptions

    _, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    line.cut.add("basic_qos")
    with pytest.raises(exceptions.StreamLostError):
        channel.basic_qos(prefetch_count=1)
    _, again = connected(line)
    method, _, body = again.basic_get("orders")
    assert (method.redelivered, body) == (True, b"one")


def test_a_lost_connection_ends_consume_and_start_consuming(line: Line) -> None:
    from pika import exceptions

    for wait in ("consume", "start_consuming"):
        connection, channel = connected(line)
        line.publish("one")
        line.cut.add("receive")
        got = channel.consume("orders", inactivity_timeout=1)
        if wait == "start_consuming":
            channel.basic_consume("orders", print)
        with pytest.raises(exceptions.StreamLostError):
            next(got) if wait == "consume" else channel.start_consuming()
        assert not connection.is_open


def test_connecting_cannot_break_off(line: Line) -> None:
    for happened in (True, False):
        assert line.agent.broken(WORKER, "connect", {}, happened) is None


# --- heartbeats (RabbitMQ, "Detecting Dead TCP Connections with Heartbeats and TCP Keepalives") ---


def test_a_process_that_sleeps_too_long_has_lost_its_connection(line: Line) -> None:
    from pika import exceptions

    connection, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    line.sleep(300)
    assert line.lost() == [GIVEN_UP]
    with pytest.raises(exceptions.StreamLostError):
        channel.basic_ack(1)
    assert not connection.is_open


@pytest.mark.parametrize("spans", [[119], [60, 59], [120]])
def test_one_that_sleeps_less_has_not(line: Line, spans: list[int]) -> None:
    _, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    for span in spans:
        line.sleep(span)
    channel.basic_ack(1)
    assert line.lost() == []


def test_short_sleeps_without_a_call_add_up(line: Line) -> None:
    _, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    for _ in range(5):
        line.sleep(50)
    assert line.lost() == [GIVEN_UP]


def test_a_call_in_between_shows_that_it_lives(line: Line) -> None:
    connection, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    for _ in range(5):
        line.sleep(100)
        connection.process_data_events()
    channel.basic_ack(1)
    assert line.lost() == []


@pytest.mark.parametrize("inside", ["connection.sleep", "callback"])
def test_waiting_inside_pika_keeps_the_connection(line: Line, inside: str) -> None:
    connection, channel = connected(line)
    line.publish("one")
    if inside == "callback":
        channel.basic_consume("orders", lambda *_: connection.sleep(500))
        connection.process_data_events(1)
    else:
        channel.basic_get("orders")
        connection.sleep(500)
    assert line.now >= 500 * SECOND
    channel.basic_ack(1)
    assert line.lost() == []


def test_no_timer_is_set_for_a_sleep_that_loses_nothing(line: Line) -> None:
    connected(line)
    line.sleep(100)
    assert line.due.pending == []


def test_a_timer_that_comes_after_a_sign_of_life_does_nothing(line: Line) -> None:
    connection, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    line.agent.silent(WORKER, 500 * SECOND, frozen=True)
    line.due.passes(60)
    connection.process_data_events()
    line.due.passes(100)
    channel.basic_ack(1)
    assert line.lost() == []


def test_a_process_that_is_gone_is_not_given_up_again(line: Line) -> None:
    _, channel = connected(line)
    line.publish("one")
    channel.basic_get("orders")
    line.agent.silent(WORKER, 500 * SECOND, frozen=True)
    line.agent.lost(WORKER)
    line.due.passes(500)
    assert line.lost() == [0]


def test_a_wait_that_is_cut_short_by_the_loss_is_refused(line: Line) -> None:
    connected(line)
    wait = line.agent.request(WORKER, "receive", {"connection": 1, "timeout": None})
    assert isinstance(wait, Wait)
    line.agent.silent(WORKER, 500 * SECOND, frozen=True)
    line.due.passes(500)
    reply = wait.ready()
    assert isinstance(reply, Refusal)
    assert reply.error == "StreamLostError"


# --- the same message again ----------------------------------------------------------------------


@pytest.mark.parametrize("by", ["get", "auto-ack", "consume"])
def test_a_message_that_was_handed_out_comes_once_more(line: Line, by: str) -> None:
    connection, channel = connected(line)
    line.broker.declare_queue("audit")
    for queue in ("orders", "audit"):
        line.broker.bind(queue, "amq.fanout", "")
    line.broker.publish("scenario", "amq.fanout", "k", b"one", {"message_id": "m"})
    if by == "consume":
        channel.basic_consume("orders", lambda *_: None)
        connection.process_data_events()
    else:
        channel.basic_get("orders", auto_ack=by == "auto-ack")
    assert line.agent.again(WORKER, *line.last)
    second = line.trace.of(Published)[1]
    assert (second.who, second.message, second.queues) == ("scenario", 2, ["orders"])
    assert (second.body, second.exchange, second.routing_key) == (b"one", "amq.fanout", "k")
    if by != "consume":
        method, properties, body = channel.basic_get("orders")
        assert (method.redelivered, properties.message_id, body) == (False, "m", b"one")
    assert [event.message for event in line.trace.of(Delivered)] == [1, 2]


def test_what_handed_out_nothing_brings_nothing_again(line: Line) -> None:
    connection, channel = connected(line)
    channel.basic_get("orders")
    assert not line.agent.again(WORKER, *line.last)
    connection.process_data_events()
    assert not line.agent.again(WORKER, *line.last)
    line.publish("one")
    channel.basic_get("orders")
    channel.basic_ack(1)
    assert not line.agent.again(WORKER, *line.last)
