"""A producer for each partition, made when the partition is assigned: its transactional id is the
partition's, so the new owner fences the old one and aborts what it left, before it reads on."""

import json

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition


def biller(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producers = {}

    def assigned(consumer, partitions):
        for each in partitions:
            producer = Producer(
                {
                    "bootstrap.servers": bootstrap_servers,
                    "transactional.id": f"orders-{each.partition}",
                }
            )
            producer.init_transactions()
            producers[each.partition] = producer

    def given_up(consumer, partitions):
        for each in partitions:
            producers.pop(each.partition, None)

    consumer.subscribe(["orders"], on_assign=assigned, on_revoke=given_up, on_lost=given_up)
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        order = json.loads(message.value())
        payments.charge(order["id"], order["cents"], order["id"])
        producer = producers[message.partition()]
        try:
            producer.begin_transaction()
            producer.produce("invoices", json.dumps(order), key=message.key())
            producer.send_offsets_to_transaction(
                [TopicPartition("orders", message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()
        except KafkaException as error:
            if error.args[0].code() != KafkaError._FENCED:
                raise
            # The partition is another's. The next poll will say so.


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
