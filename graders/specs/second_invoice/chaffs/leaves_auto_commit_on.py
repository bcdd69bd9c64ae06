"""Leaves auto-commit on: the offset is committed in the background, apart from the invoice, and an order
whose invoice was aborted is passed by.

anomaly: lost_message
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition


def biller(bootstrap_servers):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
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
        try:
            producer.produce("invoices", json.dumps(order), key=order["id"])
            producer.send_offsets_to_transaction(
                [TopicPartition("orders", message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()
        except KafkaException:
            producer.abort_transaction()
            raise
