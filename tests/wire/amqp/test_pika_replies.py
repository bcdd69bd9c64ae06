"""Direct reply-to: answers without a queue (RabbitMQ, "Direct Reply-to")."""

from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.wire.waiting import until

REPLIES = "amq.rabbitmq.reply-to"


def asks(channel: BlockingChannel) -> list[bytes]:
    """Subscribe to answers; they come into the list."""
    answers: list[bytes] = []
    channel.basic_consume(REPLIES, lambda *found: answers.append(found[3]), auto_ack=True)
    return answers


def test_an_answer_comes_to_the_channel_that_asked(
    channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    server = connect()
    server.queue_declare("rpc", durable=True)
    answers = asks(channel)
    channel.basic_publish("", "rpc", b"12", pika.BasicProperties(reply_to=REPLIES))
    requests: list[pika.BasicProperties] = []
    server.basic_consume("rpc", lambda *found: requests.append(found[2]), auto_ack=True)
    until(lambda: requests, lambda: server.connection.process_data_events(0.01), "a request")
    reply_to = requests[0].reply_to
    assert reply_to.startswith(f"{REPLIES}.")
    server.queue_declare(reply_to, passive=True)  # whether somebody still waits
    server.confirm_delivery()
    server.basic_publish("", reply_to, b"144", mandatory=True)
    until(lambda: answers, lambda: channel.connection.process_data_events(0.01), "an answer")
    assert answers == [b"144"]
    channel.close()
    with pytest.raises(pika.exceptions.UnroutableError):
        server.basic_publish("", reply_to, b"too late", mandatory=True)


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (lambda ch: ch.basic_consume(REPLIES, print), "reply consumer cannot acknowledge"),
        (lambda ch: (asks(ch), asks(ch)), "reply consumer already set"),
        (
            lambda ch: (
                ch.basic_publish("", "q", b"", pika.BasicProperties(reply_to=REPLIES)),
                ch.queue_declare("q", durable=True),
            ),
            "fast reply consumer does not exist",
        ),
    ],
)
def test_misuse_closes_the_channel(
    channel: BlockingChannel, act: Callable[[BlockingChannel], object], text: str
) -> None:
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as raised:
        act(channel)
    assert (raised.value.reply_code, raised.value.reply_text) == (
        406,
        f"PRECONDITION_FAILED - {text}",
    )


def test_nobody_else_can_read_the_answers(
    channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    asks(channel)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as raised:
        connect().basic_get(f"{REPLIES}.guessed")
    assert raised.value.reply_code == 404
