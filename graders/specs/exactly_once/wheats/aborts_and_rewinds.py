"""An error that asks for an abort gets one, and the consumer goes back to what is committed: an abort
does not rewind it. What can be retried is retried; what is fatal ends the process."""

import json

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from minibroker.clients.payments import PaymentError


def retried(call, *args):
    while True:
        try:
            return call(*args)
        except KafkaException as error:
            if not error.args[0].retriable():
                raise


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
    retried(producer.init_transactions)
    consumer.subscribe(["orders"])

    def rewind():
        for committed in consumer.committed(consumer.assignment()):
            if committed.offset < 0:
                committed.offset = 0
            consumer.seek(committed)

    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        order = json.loads(message.value())
        place = TopicPartition("orders", message.partition(), message.offset() + 1)
        while True:
            try:
                payments.charge(order["id"], order["cents"], order["id"])
                break
            except PaymentError:
                continue
        producer.begin_transaction()
        try:
            producer.produce("invoices", json.dumps(order), key=message.key())
            retried(
                producer.send_offsets_to_transaction, [place], consumer.consumer_group_metadata()
            )
            retried(producer.commit_transaction)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            retried(producer.abort_transaction)
            rewind()


def mailer(bootstrap_servers, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "mailers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["invoices"])
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        order = json.loads(message.value())["id"]
        mail.send(order, "your invoice", order)
        consumer.commit(message)
