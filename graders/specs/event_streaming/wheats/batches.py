"""Takes what is there in one go, works on it in order, and commits once for all of it. The storefront
marks in one transaction what the delivery reports say has arrived.
"""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import PaymentError


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    arrived = []

    def report(key):
        return lambda error, message: None if error else arrived.append(key)

    sent = set(database.keys("sent"))
    keys = [key for key in database.keys("placed") if key not in sent]
    for key in keys:
        order = database.get("placed", key)
        producer.produce("orders", json.dumps(order), order["customer"], on_delivery=report(key))
    left = producer.flush()
    with database.transaction() as transaction:
        for key in arrived:
            transaction.put("sent", key)
    if left or len(arrived) < len(keys):
        raise RuntimeError("not all were published")


def fulfilment(bootstrap_servers, payments, database, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fulfilment",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["orders"])

    def charge(order):
        while True:
            try:
                return payments.charge(order["id"], order["cents"], f"charge {order['id']}")
            except PaymentError:
                time.sleep(1)

    while True:
        messages = consumer.consume(10, timeout=1.0)
        if not messages:
            continue
        orders = []
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            orders.append(json.loads(message.value()))
        for order in orders:
            charge(order)
            database.put("slips", order["id"], {"customer": order["customer"]})
            mail.send(order["id"], "on its way", f"mail {order['id']}")
        consumer.commit(asynchronous=False)
