"""Tries four times in a row: a bank that is away is not back a millisecond later.

anomaly: retry_without_delay
anomaly: given_up_early
anomaly: lost_message
anomaly: too_many_attempts
anomaly: dead_letter_without_cause
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import CardDeclined

WAITS = [5, 10, 20]
TOPICS = ["orders"]


def stream_worker(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "group.instance.id": name,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    consumer.subscribe(TOPICS)

    def move(message, topic, headers):
        reports = []
        producer.produce(
            topic,
            message.value(),
            message.key(),
            headers=headers,
            on_delivery=lambda error, _: reports.append(error),
        )
        producer.flush()
        if reports != [None]:
            raise RuntimeError(f"the move was not confirmed: {reports}")
        consumer.commit(message, asynchronous=False)

    while True:
        message = consumer.poll(60)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        for attempts in range(1, len(WAITS) + 2):
            try:
                order = json.loads(message.value())
                payments.charge(order["id"], order["cents"], order["id"])
            except Exception as error:
                if isinstance(error, (ValueError, CardDeclined)) or attempts > len(WAITS):
                    cause = f"{type(error).__name__}: {error}"
                    move(message, "orders.dead", {"cause": cause, "attempts": str(attempts)})
                    break
            else:
                consumer.commit(message, asynchronous=False)
                break
