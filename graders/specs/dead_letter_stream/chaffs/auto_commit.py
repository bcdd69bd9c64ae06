"""Keeps what waits in memory and lets the client commit: every 5 s it commits all that was handed out, also
what waits, and a crash loses that.

anomaly: lost_message in stream_crash_safety
"""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer
from minibroker.clients.payments import CardDeclined

WAITS = [5, 10, 20]
TOPICS = {"orders": 0} | {f"orders.retry.{seconds}": seconds for seconds in WAITS}


def stream_worker(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "group.instance.id": name,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    waiting = []  # what was handed out and is not due, with its time
    consumer.subscribe(list(TOPICS))

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

    while True:
        waiting.sort(key=lambda item: item[0])
        if waiting and waiting[0][0] <= time.time():
            message = waiting.pop(0)[1]
        else:
            message = consumer.poll(waiting[0][0] - time.time() if waiting else 60)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        when = message.timestamp()[1] / 1000 + TOPICS[message.topic()]
        if when > time.time():
            waiting.append((when, message))
            continue
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
