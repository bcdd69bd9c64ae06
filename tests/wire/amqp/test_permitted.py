"""Deprecated features, which have to be permitted."""

import pika
import pytest

from minibroker.wire.amqp.running import Running, start
from tests.wire.waiting import until


def test_a_transient_shared_queue_can_be_permitted() -> None:
    with start(permit=("transient_nonexcl_queues",)) as rabbit:
        connection = pika.BlockingConnection(pika.URLParameters(rabbit.url))
        assert connection.channel().queue_declare("q").method.queue == "q"
        connection.close()


@pytest.mark.parametrize(("permit", "most"), [((), 4), (("global_qos",), 2)])
def test_global_qos_is_shared_by_a_channel_s_consumers_where_it_is_permitted(
    permit: tuple[str, ...], most: int
) -> None:
    with start(permit=permit) as rabbit:
        connection = pika.BlockingConnection(pika.URLParameters(rabbit.url))
        channel = connection.channel()
        channel.basic_qos(prefetch_count=2, global_qos=True)
        taken: list[int] = []
        for queue, count in (("one", 2), ("two", 5)):
            channel.queue_declare(queue, durable=True)
            for _ in range(count):
                channel.basic_publish("", queue, b"x")
            channel.basic_consume(queue, lambda _, method, *__: taken.append(method.delivery_tag))

        def step() -> None:
            connection.process_data_events(0.01)

        def settled() -> bool:
            """What was published is all that the server has to work on."""
            channel.queue_declare("one", passive=True)
            return len(taken) >= most

        until(settled, step, "as much as may be")
        assert len(taken) == most
        channel.basic_ack(most)  # the last one taken
        if permit:
            until(lambda: len(taken) == 3, step, "one of the other queue")
        connection.close()


def test_global_qos_and_a_quorum_queue_do_not_go_together() -> None:
    with start(permit=("global_qos",)) as rabbit:
        connection = pika.BlockingConnection(pika.URLParameters(rabbit.url))
        channel = connection.channel()
        channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_qos(prefetch_count=2, global_qos=True)
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker) as raised:
            channel.basic_consume("q", print)
        assert raised.value.reply_code == 540
        assert raised.value.reply_text == (
            "NOT_IMPLEMENTED - queue 'q' in vhost '/' does not support global qos"
        )


def test_what_there_is_not_cannot_be_permitted() -> None:
    with pytest.raises(ValueError, match="there is no 'ram_nodes' to permit; there are transient"):
        start(permit=("ram_nodes",))


def test_a_port_that_is_taken_is_an_error_of_the_start(rabbit: Running) -> None:
    with pytest.raises(OSError, match="address already in use"):
        start(port=rabbit.port)
