"""Prints what the mail service says and commits all the same.

anomaly: lost_message in nothing_lost
anomaly: skipped_offset in nothing_lost
"""

import json

from confluent_kafka import Consumer, KafkaException


def notifier(bootstrap_servers, name, mail):
    in_hand = []  # read and not yet mailed

    def finish(messages):
        for message in messages:
            try:
                mail.send(json.loads(message.value())["id"], "your order is on its way")
            except Exception as error:
                print(error)
        for message in messages:
            consumer.commit(message, asynchronous=False)

    def drop(partitions):
        gone = {each.partition for each in partitions}
        dropped = [message for message in in_hand if message.partition() in gone]
        in_hand[:] = [message for message in in_hand if message.partition() not in gone]
        return dropped

    def on_revoke(consumer, partitions):
        finish(drop(partitions))

    def on_lost(consumer, partitions):
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
    consumer.subscribe(["orders"], on_revoke=on_revoke, on_lost=on_lost)
    while True:
        message = consumer.poll(5.0)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            in_hand.append(message)
        if in_hand:
            finish(in_hand)
            in_hand.clear()
