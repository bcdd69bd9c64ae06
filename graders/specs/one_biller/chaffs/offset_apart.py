"""The transaction holds the invoice, and the offset is committed after it.

anomaly: duplicate_effect
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer


def biller(bootstrap_servers, payments):
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
        payments.charge(order["id"], order["cents"], order["id"])
        try:
            producer.begin_transaction()
            producer.produce("invoices", json.dumps(order), key=order["id"])
            producer.commit_transaction()
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            print(f"{error.args[0].name()}: {order['id']} is taken back")
            producer.abort_transaction()
