"""Whatever fails, it throws away the consumer and the producer and makes new ones: what was open is
aborted, and it reads on from the last committed offset."""

import json

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from minibroker.clients.payments import PaymentError


def work(bootstrap_servers, name, payments):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["orders"])
    try:
        while True:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            order = json.loads(message.value())
            producer.begin_transaction()
            producer.produce("invoices", json.dumps(order), key=message.key())
            payments.charge(order["id"], order["cents"], order["id"])
            producer.send_offsets_to_transaction(
                [TopicPartition("orders", message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()
    finally:
        consumer.close()


def biller(bootstrap_servers, name, payments):
    while True:
        try:
            work(bootstrap_servers, name, payments)
        except (KafkaException, PaymentError) as error:
            print(f"{name} begins anew: {error}")


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
