"""Does not listen to rebalances, and mails what it holds as if nothing had happened.

anomaly: duplicate_effect in handed_over
anomaly: work_after_revoked in nothing_after_giving_up
anomaly: stuck in no_rest
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
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            in_hand.append(message)
        if message is None or len(in_hand) == 4:
            finish(in_hand)
            in_hand.clear()
