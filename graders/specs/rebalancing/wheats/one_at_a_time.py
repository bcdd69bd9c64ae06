"""Holds nothing: one order, its e-mail, its commit. So there is nothing to hand over, and no handler."""

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
        message = consumer.poll(5.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        mail.send(json.loads(message.value())["id"], "your order is on its way")
        consumer.commit(message, asynchronous=False)
