"""What comes back, and when, with pika."""

from collections.abc import Callable

import pika
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.wire.amqp.running import Running
from tests.wire.amqp.reading import read
from tests.wire.waiting import Process, soon, until

TAKES_AND_HOLDS = """
import sys, pika
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
def took(channel, method, properties, body):
    print(body.decode(), flush=True)
channel.basic_consume("tasks", took)
channel.start_consuming()
"""


def test_what_a_killed_worker_held_goes_to_another_one(
    rabbit: Running, channel: BlockingChannel
) -> None:
    channel.queue_declare("tasks", durable=True)
    channel.basic_publish("", "tasks", b"resize")
    with Process(TAKES_AND_HOLDS, rabbit.url) as worker:
        soon(lambda: worker.said)
        assert channel.basic_get("tasks")[0] is None
        worker.kill()
    [(method, _, body)] = read(channel, "tasks", 1)
    assert (body, method.redelivered) == (b"resize", True)


def test_what_a_dropped_connection_held_goes_back_to_its_place(
    rabbit: Running, channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    channel.queue_declare("tasks", durable=True)
    for body in (b"1", b"2", b"3"):
        channel.basic_publish("", "tasks", body)
    holder = connect()
    assert [holder.basic_get("tasks")[2] for _ in range(2)] == [b"1", b"2"]
    name = rabbit.ask(lambda server: [each.name for each in server.connections][-1])
    rabbit.ask(lambda server: server.drop(name))
    found = read(channel, "tasks", 3)
    assert [(body, method.redelivered) for method, _, body in found] == [
        (b"1", True),
        (b"2", True),
        (b"3", False),
    ]


def test_a_consumer_is_told_when_its_queue_is_deleted(
    channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    channel.queue_declare("tasks", durable=True)
    cancelled: list[object] = []
    consumer = connect()
    consumer.add_on_cancel_callback(cancelled.append)
    consumer.basic_consume("tasks", print, consumer_tag="mine")
    assert channel.queue_delete("tasks").method.message_count == 0
    until(lambda: cancelled, lambda: consumer.connection.process_data_events(0.01), "the notice")
    assert cancelled[0].method.consumer_tag == "mine"  # type: ignore[attr-defined]


def test_recover_brings_back_what_the_channel_holds(channel: BlockingChannel) -> None:
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"x")
    assert channel.basic_get("q")[2] == b"x"
    channel.basic_recover(requeue=True)
    [(method, _, _)] = read(channel, "q", 1)
    assert method.redelivered


def test_an_exclusive_queue_ends_with_its_connection(
    rabbit: Running, channel: BlockingChannel, connect: Callable[[], BlockingChannel]
) -> None:
    mine = connect()
    mine.queue_declare("mine", exclusive=True)
    mine.connection.close()
    soon(lambda: not rabbit.ask(lambda server: server.broker.has_queue("mine")))
    assert channel.queue_declare("mine", durable=True).method.message_count == 0


def test_a_channel_that_closes_gives_back_what_it_holds(channel: BlockingChannel) -> None:
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"x")
    other = channel.connection.channel()
    assert other.basic_get("q")[2] == b"x"
    other.close()
    [(method, _, _)] = read(channel, "q", 1)
    assert method.redelivered


def test_a_retry_goes_by_way_of_a_queue_with_a_time_to_live(channel: BlockingChannel) -> None:
    """Rejected from ``work``, waits in ``later``, comes to ``work`` again: twice, then gives up."""
    channel.queue_declare("parked", durable=True)
    channel.queue_declare("work", durable=True, arguments=_to("later"))
    channel.queue_declare("later", durable=True, arguments=_to("work") | {"x-message-ttl": 20})
    channel.basic_publish("", "work", b"flaky")
    tries = 0

    def work(
        worker: BlockingChannel, method: object, properties: pika.BasicProperties, body: bytes
    ) -> None:
        nonlocal tries
        tries += 1
        deaths = (properties.headers or {}).get("x-death", [])
        rejections = sum(each["count"] for each in deaths if each["reason"] == "rejected")
        if rejections < 2:
            worker.basic_reject(method.delivery_tag, requeue=False)  # type: ignore[attr-defined]
        else:
            worker.basic_publish("", "parked", body, properties)
            worker.basic_ack(method.delivery_tag)  # type: ignore[attr-defined]

    channel.basic_consume("work", work)
    until(lambda: tries == 3, lambda: channel.connection.process_data_events(0.01), "three tries")
    [(_, found, body)] = read(channel, "parked", 1)
    assert body == b"flaky"
    assert [
        (each["queue"], each["reason"], each["count"]) for each in found.headers["x-death"]
    ] == [
        ("later", "expired", 2),
        ("work", "rejected", 2),
    ]


def _to(queue: str) -> dict[str, str]:
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue}
