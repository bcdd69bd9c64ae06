"""Takes what is there in one go, works on it in order, and commits once for all of it."""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import PaymentError


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    arrived = []

    def report(error, message):
        if error is None:
            arrived.append(json.loads(message.value())["row"])

    while True:
        sent = set(database.keys("sent"))
        for key in database.keys("placed"):
            if key not in sent:
                row = database.get("placed", key) | {"row": key}
                producer.produce("orders", json.dumps(row), key=row["customer"], callback=report)
        producer.flush()
        if arrived:
            with database.transaction() as transaction:
                for key in arrived:
                    transaction.put("sent", key)
            arrived.clear()
        time.sleep(2)


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

    def work(order):
        while True:
            try:
                payments.charge(order["id"], order["cents"], f"charge {order['id']}")
                break
            except PaymentError:
                time.sleep(0.5)
        mail.send(order["id"], "on its way", f"mail {order['id']}")

    while True:
        messages = consumer.consume(10, timeout=1.0)
        if not messages:
            continue
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            work(json.loads(message.value()))
        with database.transaction() as transaction:
            for message in messages:
                order = json.loads(message.value())
                transaction.put("slips", order["id"], {"customer": order["customer"]})
        consumer.commit(asynchronous=False)
