"""Drops all that it holds when it is to give up one partition. It keeps the others and reads on there.

anomaly: lost_message in handed_over, nothing_lost
"""

import json

from confluent_kafka import Consumer, KafkaException


def notifier(bootstrap_servers, name, mail):
    in_hand = []  # read and not yet mailed

    def finish(messages):
        for message in messages:
            mail.send(json.loads(message.value())["id"], "your order is on its way")
        for message in messages:
            consumer.commit(message, asynchronous=False)

    def on_revoke(consumer, partitions):
        in_hand.clear()

    def on_lost(consumer, partitions):
        in_hand.clear()

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "notifiers",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )
    consumer.subscribe(["orders"], on_revoke=on_revoke, on_lost=on_lost)
    while True:
        message = consumer.poll(5.0)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            in_hand.append(message)
        if message is None or len(in_hand) == 4:
            finish(in_hand)
            in_hand.clear()
