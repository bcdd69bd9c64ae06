"""The offset is committed before the invoice: a crash between the two leaves the order without one.
The transaction fences no zombie either, for it holds no offset.

anomaly: lost_message in one_transaction
anomaly: duplicate_effect in one_transaction
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer


def biller(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions()
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        order = json.loads(message.value())
        payments.charge(order["id"], order["cents"], order["id"])
        consumer.commit(message)
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=message.key())
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
        if message.error():
            raise KafkaException(message.error())
        order = json.loads(message.value())["id"]
        mail.send(order, "your invoice", order)
        consumer.commit(message)
