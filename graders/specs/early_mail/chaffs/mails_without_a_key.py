"""Mails without a key: a crash before the mailer's commit lets the invoice come again.

anomaly: duplicate_effect
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
        if message is None:
            continue
        order = json.loads(message.value())
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=order["id"])
        producer.send_offsets_to_transaction(
            [TopicPartition("orders", message.partition(), message.offset() + 1)],
            consumer.consumer_group_metadata(),
        )
        producer.commit_transaction()


def mailer(bootstrap_servers, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "mailers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe(["invoices"])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        order = json.loads(message.value())["id"]
        mail.send(order, f"Your invoice for {order}")
        consumer.commit(message, asynchronous=False)
