"""What RabbitMQ's tutorials teach, with pika's BlockingConnection."""

import pika
from pika.adapters.blocking_connection import BlockingChannel

from minibroker.wire.amqp.running import Running
from tests.wire.amqp.reading import read
from tests.wire.waiting import until

LASTING = pika.BasicProperties(delivery_mode=2)


def test_a_message_reaches_the_queue_that_its_routing_key_names(channel: BlockingChannel) -> None:
    channel.queue_declare("hello", durable=True)
    channel.basic_publish("", "hello", b"Hello World!")
    [(method, _, body)] = read(channel, "hello", 1)
    assert body == b"Hello World!"
    assert (method.exchange, method.routing_key, method.redelivered) == ("", "hello", False)


def test_workers_take_turns_and_get_no_more_than_they_asked_for(
    rabbit: Running, channel: BlockingChannel
) -> None:
    channel.queue_declare("tasks", durable=True)
    other = pika.BlockingConnection(pika.URLParameters(rabbit.url))
    workers = [channel, other.channel()]
    taken: list[list[tuple[int, bytes]]] = [[], []]
    for worker, mine in zip(workers, taken, strict=True):
        worker.basic_qos(prefetch_count=1)
        worker.basic_consume(
            "tasks",
            lambda _, method, __, body, mine=mine: mine.append((method.delivery_tag, body)),
        )
    for number in range(4):
        channel.basic_publish("", "tasks", b"%d" % number, LASTING)
    until_each_has(workers, taken, [1, 1])
    assert [[body for _, body in mine] for mine in taken] == [[b"0"], [b"1"]]
    workers[1].basic_ack(taken[1][0][0])
    until_each_has(workers, taken, [1, 2])
    workers[0].basic_ack(taken[0][0][0])
    until_each_has(workers, taken, [2, 2])
    assert [[body for _, body in mine] for mine in taken] == [[b"0", b"3"], [b"1", b"2"]]
    other.close()


def until_each_has(
    workers: list[BlockingChannel], taken: list[list[tuple[int, bytes]]], counts: list[int]
) -> None:
    """Let the clients read until each has got so many."""

    def step() -> None:
        for worker in workers:
            worker.connection.process_data_events(0.01)

    until(lambda: [len(each) for each in taken] == counts, step, f"the workers have {counts}")


def test_every_subscriber_of_a_fanout_exchange_gets_its_copy(channel: BlockingChannel) -> None:
    channel.exchange_declare("logs", "fanout")
    queues = [channel.queue_declare("", exclusive=True).method.queue for _ in range(2)]
    assert all(queue.startswith("amq.gen-") for queue in queues)
    assert queues[0] != queues[1]
    for queue in queues:
        channel.queue_bind(queue, "logs")
    channel.basic_publish("logs", "", b"info: hello")
    for queue in queues:
        [(method, _, body)] = read(channel, queue, 1)
        assert (method.exchange, body) == ("logs", b"info: hello")


def test_a_direct_exchange_chooses_by_the_routing_key(channel: BlockingChannel) -> None:
    channel.exchange_declare("direct_logs", "direct")
    errors = channel.queue_declare("", exclusive=True).method.queue
    everything = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(errors, "direct_logs", "error")
    for severity in ("info", "warning", "error"):
        channel.queue_bind(everything, "direct_logs", severity)
    for severity in ("info", "error", "debug", "warning"):
        channel.basic_publish("direct_logs", severity, severity.encode())
    assert [body for _, _, body in read(channel, errors, 1)] == [b"error"]
    assert [body for _, _, body in read(channel, everything, 3)] == [b"info", b"error", b"warning"]
    assert channel.basic_get(errors)[0] is None


def test_a_topic_exchange_chooses_by_patterns(channel: BlockingChannel) -> None:
    channel.exchange_declare("topic_logs", "topic")
    patterns = {"kern.*": [b"kern.info"], "*.critical": [b"cron.critical"], "#": []}
    keys = ("kern.info", "cron.critical", "kern.a.b")
    patterns["#"] = [key.encode() for key in keys]
    queues = {}
    for pattern in patterns:
        queues[pattern] = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queues[pattern], "topic_logs", pattern)
    for key in keys:
        channel.basic_publish("topic_logs", key, key.encode())
    for pattern, wanted in patterns.items():
        assert [body for _, _, body in read(channel, queues[pattern], len(wanted))] == wanted
        assert channel.basic_get(queues[pattern])[0] is None


def test_an_rpc_server_answers_the_queue_that_the_request_names(channel: BlockingChannel) -> None:
    channel.queue_declare("rpc_queue", durable=True)
    answers = channel.queue_declare("", exclusive=True).method.queue

    def serve(
        server: BlockingChannel, method: object, properties: pika.BasicProperties, body: bytes
    ) -> None:
        answer = pika.BasicProperties(correlation_id=properties.correlation_id)
        server.basic_publish("", properties.reply_to, b"%d" % (int(body) ** 2), answer)
        server.basic_ack(method.delivery_tag)  # type: ignore[attr-defined]

    channel.basic_consume("rpc_queue", serve)
    request = pika.BasicProperties(reply_to=answers, correlation_id="42")
    channel.basic_publish("", "rpc_queue", b"12", request)
    [(_, properties, body)] = read(channel, answers, 1)
    assert (properties.correlation_id, body) == ("42", b"144")
