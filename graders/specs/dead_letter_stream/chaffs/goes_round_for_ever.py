"""Never gives up: what fails goes to the longest wait again and again, and nobody ever sees it.

anomaly: stuck
anomaly: too_many_attempts
"""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

WAITS = [5, 10, 20]
TOPICS = {"orders": 0} | {f"orders.retry.{seconds}": seconds for seconds in WAITS}


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
    due = {}
    consumer.subscribe(list(TOPICS), on_assign=lambda *_: due.clear())

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
        for topic in [topic for topic, when in due.items() if when <= time.time()]:
            consumer.resume([TopicPartition(topic, 0)])
            del due[topic]
        message = consumer.poll(max(min(due.values()) - time.time(), 0) if due else 60)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        when = message.timestamp()[1] / 1000 + TOPICS[message.topic()]
        if when > time.time():
            here = TopicPartition(message.topic(), message.partition(), message.offset())
            consumer.pause([here])
            consumer.seek(here)
            due[message.topic()] = when
            continue
        attempts = int(dict(message.headers() or {"attempts": b"0"})["attempts"]) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception:
            retry = f"orders.retry.{WAITS[min(attempts, len(WAITS)) - 1]}"
            move(message, retry, {"attempts": str(attempts)})
        else:
            consumer.commit(message, asynchronous=False)
