"""Counts on the transaction for the charge, which no transaction reaches.

anomaly: duplicate_effect
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition


def biller(bootstrap_servers, payments):
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
        if message is None:
            continue
        order = json.loads(message.value())
        payments.charge(order["id"], order["cents"])
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=order["id"])
        try:
            producer.send_offsets_to_transaction(
                [TopicPartition("orders", message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            producer.abort_transaction()
            consumer.seek(TopicPartition("orders", message.partition(), message.offset()))
