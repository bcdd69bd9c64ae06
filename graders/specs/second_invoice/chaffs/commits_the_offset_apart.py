"""Commits the transaction and then the offset: a crash between the two leads to a second invoice.

anomaly: duplicate_effect
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer


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
        try:
            producer.produce("invoices", json.dumps(order), key=order["id"])
            producer.commit_transaction()
            consumer.commit(message, asynchronous=False)
        except KafkaException:
            producer.abort_transaction()
