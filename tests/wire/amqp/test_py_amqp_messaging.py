"""What RabbitMQ's tutorials teach, confirms and redelivery, with py-amqp."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import amqp
import pytest

from minibroker.wire.amqp.running import Running
from tests.wire.waiting import PATIENCE, until


@pytest.fixture
def connect(rabbit: Running) -> Iterator[Callable[..., amqp.Connection]]:
    """Makes connections."""
    made: list[amqp.Connection] = []

    def connected(**options: Any) -> amqp.Connection:
        made.append(amqp.Connection(f"{rabbit.host}:{rabbit.port}", **options))
        made[-1].connect()
        return made[-1]

    yield connected
    for connection in made:
        connection.collect()


def read(channel: amqp.Channel, queue: str, count: int) -> list[amqp.Message]:
    """The next `count` messages, acknowledged."""
    found: list[amqp.Message] = []

    def step() -> None:
        message = channel.basic_get(queue)
        if message is not None:
            channel.basic_ack(message.delivery_tag)
            found.append(message)

    until(lambda: len(found) == count, step, f"{count} messages of {queue}")
    return found


def drained(connection: amqp.Connection, holds: Callable[[], object]) -> None:
    """Read until it holds."""

    def step() -> None:
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.05)

    until(holds, step, "what is read for")


def test_work_is_shared_and_acknowledged(connect: Callable[..., amqp.Connection]) -> None:
    connections = [connect(), connect()]
    channels = [each.channel() for each in connections]
    channels[0].queue_declare("tasks", durable=True, auto_delete=False)
    taken: list[list[amqp.Message]] = [[], []]
    for channel, mine in zip(channels, taken, strict=True):
        channel.basic_qos(0, 1, False)
        channel.basic_consume("tasks", callback=mine.append)
    for number in range(3):
        message = amqp.Message(f"{number}", delivery_mode=2)
        channels[0].basic_publish(message, routing_key="tasks")
    for connection, mine in zip(connections, taken, strict=True):
        drained(connection, lambda mine=mine: mine)
    assert [[each.body for each in mine] for mine in taken] == [["0"], ["1"]]
    channels[1].basic_ack(taken[1][0].delivery_tag)
    drained(connections[1], lambda: len(taken[1]) == 2)
    connections[0].collect()  # the socket is closed and nothing said
    channels[1].basic_ack(taken[1][1].delivery_tag)
    drained(connections[1], lambda: len(taken[1]) == 3)
    assert taken[1][2].body == "0"
    assert taken[1][2].delivery_info["redelivered"] is True


@pytest.mark.parametrize(
    ("kind", "binding", "key"),
    [("fanout", "", "x"), ("direct", "error", "error"), ("topic", "#.critical", "a.b.critical")],
)
def test_exchanges_route(
    connect: Callable[..., amqp.Connection], kind: str, binding: str, key: str
) -> None:
    channel = connect().channel()
    channel.exchange_declare("logs", kind, durable=True, auto_delete=False)
    queue = channel.queue_declare(exclusive=True).queue
    channel.queue_bind(queue, "logs", binding)
    channel.basic_publish(amqp.Message("nowhere"), "logs", "no.where" if binding else "")
    channel.basic_publish(amqp.Message("here"), "logs", key)
    bodies = [each.body for each in read(channel, queue, 1 if binding else 2)]
    assert bodies[-1] == "here"
    assert channel.basic_get(queue) is None


def test_rpc(connect: Callable[..., amqp.Connection]) -> None:
    channel = connect().channel()
    channel.queue_declare("rpc", durable=True, auto_delete=False)
    answers = channel.queue_declare(exclusive=True).queue
    question = amqp.Message("12", reply_to=answers, correlation_id="7")
    channel.basic_publish(question, routing_key="rpc")
    [request] = read(channel, "rpc", 1)
    answer = amqp.Message("144", correlation_id=request.properties["correlation_id"])
    channel.basic_publish(answer, routing_key=request.properties["reply_to"])
    [found] = read(channel, answers, 1)
    assert (found.body, found.properties["correlation_id"]) == ("144", "7")


def test_publishes_are_confirmed(connect: Callable[..., amqp.Connection]) -> None:
    connection = connect(confirm_publish=True)
    channel = connection.channel()
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare("q", durable=True, auto_delete=False, arguments=arguments)
    channel.basic_publish(amqp.Message("x"), routing_key="q", timeout=PATIENCE)
    with pytest.raises(amqp.exceptions.MessageNacked):
        channel.basic_publish(amqp.Message("y"), routing_key="q", timeout=PATIENCE)


def test_what_no_queue_gets_comes_back(connect: Callable[..., amqp.Connection]) -> None:
    connection = connect()
    channel = connection.channel()
    returned: list[tuple[Any, ...]] = []
    channel.events["basic_return"].add(lambda *found: returned.append(found))
    channel.basic_publish(amqp.Message("x"), "amq.direct", "nobody", mandatory=True)
    drained(connection, lambda: returned)
    error, exchange, key, message = returned[0]
    assert (error.reply_code, exchange, key, message.body) == (312, "amq.direct", "nobody", "x")


def test_dead_letters_move_on(connect: Callable[..., amqp.Connection]) -> None:
    channel = connect().channel()
    channel.queue_declare("dead", durable=True, auto_delete=False)
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    channel.queue_declare("q", durable=True, auto_delete=False, arguments=arguments)
    channel.basic_publish(amqp.Message("x"), routing_key="q")
    message = channel.basic_get("q")
    channel.basic_reject(message.delivery_tag, requeue=False)
    [dead] = read(channel, "dead", 1)
    [death] = dead.headers["x-death"]
    assert (death["queue"], death["reason"], death["count"]) == ("q", "rejected", 1)


def test_a_transaction(connect: Callable[..., amqp.Connection]) -> None:
    channel = connect().channel()
    channel.queue_declare("q", durable=True, auto_delete=False)
    channel.tx_select()
    channel.basic_publish(amqp.Message("dropped"), routing_key="q")
    channel.tx_rollback()
    channel.basic_publish(amqp.Message("kept"), routing_key="q")
    channel.tx_commit()
    assert [each.body for each in read(channel, "q", 1)] == ["kept"]


def test_errors_are_raised_by_their_names(connect: Callable[..., amqp.Connection]) -> None:
    connection = connect()
    with pytest.raises(amqp.exceptions.NotFound, match="no queue 'none'"):
        connection.channel().queue_declare("none", passive=True)
    with pytest.raises(amqp.exceptions.AccessRefused, match="reserved prefix"):
        connection.channel().queue_declare("amq.mine", durable=True, auto_delete=False)
    with pytest.raises(amqp.exceptions.InternalError, match="transient_nonexcl_queues"):
        connection.channel().queue_declare("transient", auto_delete=False)
    with pytest.raises(amqp.exceptions.AccessRefused, match="Login was refused"):
        connect(password="wrong")
