"""Mails each order at once and commits every few, and once more what is mailed when partitions are taken."""

import json

from confluent_kafka import Consumer, KafkaException, TopicPartition


def notifier(bootstrap_servers, name, mail):
    done = {}  # partition: the offset after the last order that is mailed and not committed

    def commit(partitions):
        offsets = [
            TopicPartition("orders", each, done.pop(each)) for each in partitions if each in done
        ]
        if offsets:
            consumer.commit(offsets=offsets, asynchronous=False)

    def on_revoke(consumer, partitions):
        commit([each.partition for each in partitions])

    def on_lost(consumer, partitions):
        for each in partitions:
            done.pop(each.partition, None)

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
    mailed = 0
    while True:
        message = consumer.poll(5.0)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            mail.send(json.loads(message.value())["id"], "your order is on its way")
            done[message.partition()] = message.offset() + 1
            mailed += 1
        if message is None or mailed % 4 == 0:
            commit(list(done))
