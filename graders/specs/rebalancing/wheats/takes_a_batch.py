"""Takes what comes within five seconds in one go, mails it, commits it once, and only then polls again: it holds
nothing while it is told of a rebalance."""

import json

from confluent_kafka import Consumer, KafkaException


def notifier(bootstrap_servers, name, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "notifiers",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )
    consumer.subscribe(["orders"])
    while True:
        messages = consumer.consume(4, timeout=5.0)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            mail.send(json.loads(message.value())["id"], "your order is on its way")
        if messages:
            consumer.commit(asynchronous=False)
