"""One pika client in a process of its own: prints its figures as JSON.

python -m bench.amqp_clients WHAT PORT
"""

import argparse
import json
import time

import pika

BODY = b"x" * 100
QUEUE = "bench"

MESSAGES = {"publish": 20_000, "confirms": 3_000, "prefetch 100": 10_000, "prefetch 1": 3_000}
"""How many messages each measurement takes."""


def main() -> None:
    """Measure once; a message is a second's part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=[*MESSAGES, "first"])
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    connection = pika.BlockingConnection(
        pika.ConnectionParameters("127.0.0.1", given.port, connection_attempts=1)
    )
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True)
    if given.what == "first":
        channel.confirm_delivery()
        channel.basic_publish("", QUEUE, BODY)
        print(json.dumps({"rate": 1.0}))
        return
    channel.queue_purge(QUEUE)
    many = MESSAGES[given.what]
    if given.what == "confirms":
        channel.confirm_delivery()
    if given.what in ("publish", "confirms"):
        began = time.perf_counter()
        publish(channel, many)
        wait(channel, many)
    else:
        publish(channel, many)
        wait(channel, many)
        channel.basic_qos(prefetch_count=int(given.what.split()[1]))
        began = time.perf_counter()
        consume(channel, many)
        wait(channel, 0)
    print(json.dumps({"rate": many / (time.perf_counter() - began)}))
    connection.close()


def publish(channel: "pika.adapters.blocking_connection.BlockingChannel", many: int) -> None:
    """To the queue, through the default exchange; transient, so that no disk is in the figure."""
    for _ in range(many):
        channel.basic_publish("", QUEUE, BODY)


def consume(channel: "pika.adapters.blocking_connection.BlockingChannel", many: int) -> None:
    """Until so many were acked."""
    left = many
    for method, _, _ in channel.consume(QUEUE):
        channel.basic_ack(method.delivery_tag)
        left -= 1
        if not left:
            break
    channel.cancel()


def wait(channel: "pika.adapters.blocking_connection.BlockingChannel", many: int) -> None:
    """Until so many are in the queue. The answer comes after all that was sent before, but a queue
    of RabbitMQ's may still be at it."""
    deadline = time.monotonic() + 60
    while channel.queue_declare(QUEUE, passive=True).method.message_count != many:
        if time.monotonic() > deadline:
            raise SystemExit(f"there were never {many} messages in the queue")


if __name__ == "__main__":
    main()
