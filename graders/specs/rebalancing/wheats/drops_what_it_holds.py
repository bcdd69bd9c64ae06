"""Finishes nothing in a hurry: what it holds of a partition that is taken from it is dropped, uncommitted, for
whoever is next."""

import json

from confluent_kafka import Consumer, KafkaException


def notifier(bootstrap_servers, name, mail):
    in_hand = []  # read and not yet mailed

    def finish(messages):
        for message in messages:
            mail.send(json.loads(message.value())["id"], "your order is on its way")
        for message in messages:
            consumer.commit(message, asynchronous=False)

    def drop(partitions):
        gone = {each.partition for each in partitions}
        dropped = [message for message in in_hand if message.partition() in gone]
        in_hand[:] = [message for message in in_hand if message.partition() not in gone]
        return dropped

    def on_revoke(consumer, partitions):
        drop(partitions)

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "notifiers",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    )
    consumer.subscribe(["orders"], on_revoke=on_revoke)
    while True:
        message = consumer.poll(5.0)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            in_hand.append(message)
        if message is None or len(in_hand) == 4:
            finish(in_hand)
            in_hand.clear()
