"""Leaves auto-commit on, which commits what was handed out, not what is done.

anomaly: lost_message in nothing_lost
anomaly: skipped_offset
anomaly: reordered
"""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import PaymentError


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    failures = []

    def report(error, message):
        if error:
            failures.append(error)

    unsent = [key for key in database.keys("placed") if database.get("sent", key) is None]
    for key in unsent:
        order = database.get("placed", key)
        producer.produce("orders", json.dumps(order), key=order["customer"], on_delivery=report)
    producer.flush()
    if failures:
        raise KafkaException(failures[0])
    for key in unsent:
        database.put("sent", key, {})


def fulfilment(bootstrap_servers, payments, database, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fulfilment",
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
