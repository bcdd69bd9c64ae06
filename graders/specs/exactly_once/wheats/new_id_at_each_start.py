"""A new transactional id at each start: what fences a zombie is its generation, which goes with the
offsets (KIP-447). What a dead one left open is aborted by its timeout, so that is short."""

import json
import uuid

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition


def biller(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "transactional.id": f"{name}-{uuid.uuid4()}",
            "transaction.timeout.ms": 10_000,
        }
    )
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
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=message.key())
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
        if message.error():
            raise KafkaException(message.error())
        order = json.loads(message.value())["id"]
        mail.send(order, "your invoice", order)
        consumer.commit(message)
