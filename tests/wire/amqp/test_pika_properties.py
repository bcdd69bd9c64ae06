"""What a message carries beside its body comes out as it went in."""

import datetime
import decimal

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.sim.trace import Delivered, Published, Settled, Trace
from minibroker.wire.amqp.running import start
from tests.wire.amqp.reading import read

MOMENT = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.UTC)

PROPERTIES = pika.BasicProperties(
    content_type="application/json",
    content_encoding="utf-8",
    headers={
        "text": "grün",
        "bytes": b"\xff\x00",
        "numbers": [0, -1, 2**31 - 1, 2**40, True, None],
        "table": {"deep": {"deeper": ["x"]}},
        "moment": MOMENT,
        "price": decimal.Decimal("12.34"),
    },
    delivery_mode=2,
    priority=5,
    correlation_id="c",
    reply_to="r",
    expiration="60000",
    message_id="m",
    timestamp=1_772_000_000,
    type="order",
    user_id="guest",
    app_id="shop",
)


def test_all_properties_come_out_as_they_went_in(channel: BlockingChannel) -> None:
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"x", PROPERTIES)
    [(_, found, _)] = read(channel, "q", 1)
    assert found == PROPERTIES


def test_a_dead_letter_keeps_its_properties_and_gets_its_history(channel: BlockingChannel) -> None:
    channel.queue_declare("dead", durable=True)
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    channel.queue_declare("q", durable=True, arguments=arguments)
    channel.basic_publish("", "q", b"x", PROPERTIES)
    method, _, _ = channel.basic_get("q")
    channel.basic_reject(method.delivery_tag, requeue=False)
    [(_, found, _)] = read(channel, "dead", 1)
    for name in PROPERTIES.headers:
        assert found.headers[name] == PROPERTIES.headers[name]
    [death] = found.headers["x-death"]
    assert (death["queue"], death["reason"], death["count"]) == ("q", "rejected", 1)
    assert abs(death["time"] - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(days=1)
    assert death["original-expiration"] == "60000"
    assert (found.expiration, found.message_id, found.timestamp) == (None, "m", 1_772_000_000)


def test_a_quorum_queue_counts_how_often_a_message_came_back(channel: BlockingChannel) -> None:
    channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
    channel.basic_publish("", "q", b"x", pika.BasicProperties(headers={"mine": 1}))
    for _ in range(2):
        method, found, _ = channel.basic_get("q")
        channel.basic_reject(method.delivery_tag, requeue=True)
    [(method, found, _)] = read(channel, "q", 1)
    assert method.redelivered
    assert found.headers == {"mine": 1, "x-delivery-count": 2, "x-acquired-count": 2}


def test_a_server_with_a_trace_tells_what_the_simulator_would() -> None:
    trace = Trace()
    with start(trace=trace) as rabbit:
        parameters = pika.URLParameters(rabbit.url)
        parameters.client_properties = {"connection_name": "shop"}
        connection = pika.BlockingConnection(parameters)
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.basic_publish("", "q", b"x", PROPERTIES)
        read(channel, "q", 1)
        connection.close()
    [published] = trace.of(Published)
    assert (published.who, published.queues, published.body) == ("shop", ["q"], b"x")
    [delivered] = trace.of(Delivered)
    assert (delivered.who, delivered.queue, delivered.redelivered) == ("shop", "q", False)
    [settled] = trace.of(Settled)
    assert (settled.message, settled.how) == (published.message, "acked")
    assert trace.text().count("\n") == 3


def test_a_message_goes_to_all_routing_keys_that_its_headers_name(
    channel: BlockingChannel,
) -> None:
    for queue in ("to", "copy", "blind"):
        channel.queue_declare(queue, durable=True)
    headers = {"CC": ["copy", "to"], "BCC": ["blind"], "mine": 1}
    channel.basic_publish("", "to", b"x", pika.BasicProperties(headers=headers))
    for queue in ("to", "copy", "blind"):
        [(_, found, _)] = read(channel, queue, 1)
        assert found.headers == {"CC": ["copy", "to"], "mine": 1}
        assert channel.basic_get(queue)[0] is None


def test_routing_keys_in_headers_are_a_list(channel: BlockingChannel) -> None:
    channel.basic_publish("", "to", b"x", pika.BasicProperties(headers={"CC": "copy"}))
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as raised:
        channel.queue_declare("q", durable=True)
    assert raised.value.reply_text == (
        'PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}'
    )
