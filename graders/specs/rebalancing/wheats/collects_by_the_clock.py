"""Collects each partition by itself and looks at the clock; gives up all it has in good order when it is stopped."""

import json
import time

from confluent_kafka import Consumer, KafkaException


def notifier(bootstrap_servers, name, mail):
    batches = {}  # partition: when its first order came, and its orders

    def finish(partition):
        _, messages = batches.pop(partition, (0, []))
        for message in messages:
            mail.send(json.loads(message.value())["id"], "your order is on its way")
        if messages:
            consumer.commit(messages[-1], asynchronous=False)

    def revoked(consumer, partitions):
        for each in partitions:
            finish(each.partition)

    def lost(consumer, partitions):
        for each in partitions:
            batches.pop(each.partition, None)

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "notifiers",
            "client.id": name,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )
    consumer.subscribe(["orders"], on_revoke=revoked, on_lost=lost)
    try:
        while True:
            message = consumer.poll(1.0)
            if message is not None:
                if message.error():
                    raise KafkaException(message.error())
                batch = batches.setdefault(message.partition(), (time.monotonic(), []))
                batch[1].append(message)
            for partition, (since, messages) in list(batches.items()):
                if len(messages) == 4 or time.monotonic() - since >= 3:
                    finish(partition)
    finally:
        consumer.close()
