"""Does not wait inside an order that fails: it sleeps a second and seeks back to it. The storefront
waits for each order's delivery report before it takes the next one.
"""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from minibroker.clients.payments import PaymentError


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    for key in database.keys("placed"):
        if database.get("sent", key) is not None:
            continue
        order = database.get("placed", key)
        arrived = []
        producer.produce(
            "orders",
            json.dumps(order).encode(),
            key=order["customer"].encode(),
            callback=lambda error, message, arrived=arrived: arrived.append(error is None),
        )
        while not arrived:
            producer.poll(1.0)
        if not arrived[0]:
            raise RuntimeError(f"{order['id']} was not published")
        database.put("sent", key, {"at": time.time()})


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
        try:
            payments.charge(order["id"], order["cents"], order["id"])
        except PaymentError:
            time.sleep(1)
            consumer.seek(TopicPartition("orders", message.partition(), message.offset()))
            continue
        database.put("slips", order["id"], {"customer": order["customer"]})
        mail.send(order["id"], "on its way", order["id"])
        consumer.commit(message, asynchronous=False)
