"""One consumer and one group for each topic. A consumer whose first record is not due holds it and is
not polled again until it is: all behind it are due later."""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import CardDeclined

WAITS = (5, 10, 20)


def stream_worker(bootstrap_servers, name, payments):
    def consumer_of(topic):
        consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": f"billing of {topic}",
                "group.instance.id": name,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        consumer.subscribe([topic])
        return consumer

    retries = [(consumer_of(f"orders.retry.{seconds}"), seconds) for seconds in WAITS]
    orders = consumer_of("orders")
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    held = {}

    def send(topic, message, **headers):
        def delivered(error, _):
            if error:
                raise KafkaException(error)

        producer.produce(
            topic, message.value(), message.key(), headers=headers, on_delivery=delivered
        )
        producer.flush()

    def work(consumer, message):
        attempts = int(dict(message.headers() or []).get("attempts", b"0")) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], order["id"])
        except (ValueError, CardDeclined) as error:
            send("orders.dead", message, cause=repr(error), attempts=str(attempts))
        except Exception as error:
            if attempts <= len(WAITS):
                send(f"orders.retry.{WAITS[attempts - 1]}", message, attempts=str(attempts))
            else:
                send("orders.dead", message, cause=repr(error), attempts=str(attempts))
        consumer.commit(message, asynchronous=False)

    def polled(consumer, timeout):
        message = consumer.poll(timeout)
        if message is not None and message.error():
            raise KafkaException(message.error())
        return message

    while True:
        if (message := polled(orders, 1.5)) is not None:
            work(orders, message)
        for consumer, seconds in retries:
            message = held.pop(seconds, None) or polled(consumer, 0)
            if message is None:
                continue
            if message.timestamp()[1] / 1000 + seconds > time.time():
                held[seconds] = message
            else:
                work(consumer, message)
