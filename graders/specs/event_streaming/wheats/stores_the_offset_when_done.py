"""Leaves committing to the client's background, and says itself which offsets may be committed."""

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
            producer.flush()
            if failures:
                raise KafkaException(failures[0])
            database.put("sent", key, {})
        time.sleep(1)


def fulfilment(bootstrap_servers, payments, database, mail):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "fulfilment",
            "enable.auto.offset.store": False,
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
        consumer.store_offsets(message)
