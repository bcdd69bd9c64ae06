"""Produces to the topic of the right delay and reads it at once: a topic delays nothing, whatever it is
called.

anomaly: retry_without_delay
anomaly: given_up_early
anomaly: lost_message
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import CardDeclined

WAITS = [5, 10, 20]
TOPICS = ["orders", *(f"orders.retry.{seconds}" for seconds in WAITS)]


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
        attempts = int(dict(message.headers() or {"attempts": b"0"})["attempts"]) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception as error:
            if isinstance(error, (ValueError, CardDeclined)) or attempts > len(WAITS):
                cause = f"{type(error).__name__}: {error}"
                move(message, "orders.dead", {"cause": cause, "attempts": str(attempts)})
            else:
                retry = f"orders.retry.{WAITS[attempts - 1]}"
                move(message, retry, {"attempts": str(attempts)})
        else:
            consumer.commit(message, asynchronous=False)
