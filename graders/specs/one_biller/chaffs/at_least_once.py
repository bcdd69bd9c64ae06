"""No transaction: a crash between the invoice and the commit leads to a second invoice.

anomaly: duplicate_effect
"""

import json

from confluent_kafka import Consumer, Producer


def biller(bootstrap_servers, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        order = json.loads(message.value())
        payments.charge(order["id"], order["cents"], order["id"])
        producer.produce("invoices", json.dumps(order), key=order["id"])
        producer.flush()
        consumer.commit(message, asynchronous=False)
