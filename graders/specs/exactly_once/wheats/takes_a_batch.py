"""Takes what has come, up to ten orders, and writes all their invoices in one transaction, with one
offset for each partition."""

import json

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
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions()
    consumer.subscribe(["orders"])
    while True:
        batch = consumer.consume(10, timeout=2.0)
        if not batch:
            continue
        done = {}
        producer.begin_transaction()
        for message in batch:
            if message.error():
                raise KafkaException(message.error())
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], order["id"])
            producer.produce("invoices", json.dumps(order), key=message.key())
            done[message.partition()] = message.offset() + 1
        producer.send_offsets_to_transaction(
            [TopicPartition("orders", partition, offset) for partition, offset in done.items()],
            consumer.consumer_group_metadata(),
        )
        producer.commit_transaction()


def mailer(bootstrap_servers, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "mailers",
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["invoices"])
    while True:
        for message in consumer.consume(10, timeout=2.0):
            if message.error():
                raise KafkaException(message.error())
            order = json.loads(message.value())["id"]
            mail.send(order, "your invoice", order)
            consumer.store_offsets(message)
