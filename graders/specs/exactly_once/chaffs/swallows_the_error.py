"""Catches whatever the commit throws and goes on as if it had been committed: a commit that timed out
is neither retried nor aborted, and the last order's transaction stays open until it times out.

anomaly: stuck in no_rest
reality: the client sends a lost commit again by itself, until it is answered, so nothing is thrown
that could be swallowed; a broker would have to be away for longer than the transaction lasts
"""

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
        try:
            producer.commit_transaction()
        except KafkaException:
            pass  # it will be all right


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
