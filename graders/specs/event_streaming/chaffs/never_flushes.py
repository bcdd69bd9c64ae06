"""Publishes what is there and ends, without waiting for what is still in the client's queue.

anomaly: lost_message in happy_path, nothing_lost
"""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import PaymentError


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    while True:
        for key in database.keys("placed"):
            if database.get("sent", key) is not None:
                continue
            row = database.get("placed", key)
            failures = []
            producer.produce(
                "orders",
                json.dumps(row),
                key=row["customer"],
                on_delivery=lambda error, message: failures.append(error) if error else None,
            )
            database.put("sent", key, {})
        if database.keys("placed"):
            return
        time.sleep(1)


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
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        order = json.loads(message.value())
        while True:
            try:
                payments.charge(order["id"], order["cents"], order["id"])
                break
            except PaymentError:
                time.sleep(1)
        database.put("slips", order["id"], {"customer": order["customer"]})
        mail.send(order["id"], "on its way", order["id"])
        consumer.commit(message)
