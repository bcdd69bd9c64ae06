"""Sends the offset of the order in the place of the next one's: the last order is never done with, and
after a restart it is invoiced again.

anomaly: duplicate_effect
anomaly: stuck
"""

import json

from confluent_kafka import Consumer, Producer, TopicPartition


def biller(bootstrap_servers):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "biller"})
    producer.init_transactions()
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        order = json.loads(message.value())
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=order["id"])
        producer.send_offsets_to_transaction(
            [TopicPartition("orders", message.partition(), message.offset())],
            consumer.consumer_group_metadata(),
        )
        producer.commit_transaction()
