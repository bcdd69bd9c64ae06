"""Rests after each e-mail, for longer than `max.poll.interval.ms`, and commits then: the group has given it up by
then, and it gets the same order again.

anomaly: duplicate_effect in handed_over
anomaly: stuck in no_rest
"""

import json
import time

from confluent_kafka import Consumer, KafkaException


def notifier(bootstrap_servers, name, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "notifiers",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6_000,
            "max.poll.interval.ms": 6_000,
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
            print(message.error())
            continue
        mail.send(json.loads(message.value())["id"], "your order is on its way")
        time.sleep(8)
        try:
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            print(error)
