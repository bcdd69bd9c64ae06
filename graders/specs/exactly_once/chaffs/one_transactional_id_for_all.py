"""All billers use one transactional id: whoever makes a new producer fences the other in the middle of
its work, which makes a new one and fences back.

anomaly: stuck
reality: two that fence each other keep step for ever in the simulator; real ones drift apart, and
after a few rounds one of them is through before the other begins
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

    def started():
        producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "biller"})
        producer.init_transactions()
        return producer

    producer = started()
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        order = json.loads(message.value())
        payments.charge(order["id"], order["cents"], order["id"])
        try:
            producer.begin_transaction()
            producer.produce("invoices", json.dumps(order), key=message.key())
            producer.send_offsets_to_transaction(
                [TopicPartition("orders", message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()
        except KafkaException as error:
            if not error.args[0].fatal():
                raise
            producer = started()
            consumer.seek(TopicPartition("orders", message.partition(), message.offset()))


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
