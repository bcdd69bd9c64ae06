"""What a publisher learns from the broker, with pika."""

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.wire.amqp.running import Running
from tests.wire.amqp.reading import read


def test_a_message_is_confirmed_when_its_queue_has_it(channel: BlockingChannel) -> None:
    channel.queue_declare("q", durable=True)
    channel.confirm_delivery()
    for number in range(20):
        channel.basic_publish("", "q", b"%d" % number)
    assert [body for _, _, body in read(channel, "q", 20)] == [b"%d" % n for n in range(20)]


def test_what_no_queue_gets_is_confirmed_all_the_same(channel: BlockingChannel) -> None:
    channel.confirm_delivery()
    channel.basic_publish("amq.direct", "nobody", b"lost")


def test_a_mandatory_message_that_no_queue_gets_comes_back(channel: BlockingChannel) -> None:
    channel.confirm_delivery()
    properties = pika.BasicProperties(message_id="m-1", headers={"tries": 3})
    with pytest.raises(pika.exceptions.UnroutableError) as raised:
        channel.basic_publish("amq.direct", "nobody", b"lost", properties, mandatory=True)
    [message] = raised.value.messages
    assert (message.method.reply_code, message.method.reply_text) == (312, "NO_ROUTE")
    assert (message.properties.message_id, message.properties.headers) == ("m-1", {"tries": 3})
    assert message.body == b"lost"


def test_a_full_queue_that_rejects_publishes_is_told_by_a_nack(channel: BlockingChannel) -> None:
    arguments = {"x-max-length": 2, "x-overflow": "reject-publish"}
    channel.queue_declare("small", durable=True, arguments=arguments)
    channel.confirm_delivery()
    channel.basic_publish("", "small", b"1")
    channel.basic_publish("", "small", b"2")
    with pytest.raises(pika.exceptions.NackError):
        channel.basic_publish("", "small", b"3")
    channel.basic_publish("amq.direct", "nobody", b"4")  # the channel lives on
    assert [body for _, _, body in read(channel, "small", 2)] == [b"1", b"2"]


def test_a_transaction_publishes_and_acks_when_it_is_committed(channel: BlockingChannel) -> None:
    channel.queue_declare("in", durable=True)
    channel.queue_declare("out", durable=True)
    channel.basic_publish("", "in", b"order")
    channel.tx_select()
    method, _, _ = channel.basic_get("in")
    channel.basic_publish("", "out", b"receipt")
    channel.basic_ack(method.delivery_tag)
    assert channel.queue_declare("out", passive=True).method.message_count == 0
    channel.tx_commit()
    assert channel.queue_declare("out", passive=True).method.message_count == 1
    channel.connection.close()


def test_a_transaction_that_is_rolled_back_has_done_nothing(
    channel: BlockingChannel, rabbit: Running
) -> None:
    channel.queue_declare("in", durable=True)
    channel.basic_publish("", "in", b"order")
    channel.tx_select()
    method, _, _ = channel.basic_get("in")
    channel.basic_publish("", "in", b"another")
    channel.basic_ack(method.delivery_tag)
    channel.tx_rollback()
    channel.basic_ack(method.delivery_tag)  # it is the channel's to settle again
    channel.tx_commit()
    channel.connection.close()
    assert rabbit.ask(lambda server: len(server.broker.queue("in"))) == 0


def test_a_body_of_many_frames_comes_out_as_it_went_in(channel: BlockingChannel) -> None:
    body = bytes(range(256)) * 4_000
    channel.queue_declare("large", durable=True)
    channel.confirm_delivery()
    channel.basic_publish("", "large", body)
    channel.basic_publish("", "large", b"")
    assert [body for _, _, body in read(channel, "large", 2)] == [body, b""]
