"""The transaction holds the copy alone; the offset is committed after it. That is at least once, as
without a transaction. The attempts travel in a header that grows by one entry an attempt."""

import json
import time

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, Producer, TopicPartition
from minibroker.clients.payments import CardDeclined

DELAYS = {"orders": 0, "orders.retry.5": 5, "orders.retry.10": 10, "orders.retry.20": 20}
NEXT = [*DELAYS][1:]


def stream_worker(bootstrap_servers, name, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions()
    paused = {}

    def copy(message, topic, headers):
        producer.begin_transaction()
        producer.produce(topic, message.value(), message.key(), headers=headers)
        producer.commit_transaction()

    def work(message):
        headers = list(message.headers() or [])
        errors = [value.decode() for name, value in headers if name == "error"]
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
            if isinstance(error, (ValueError, CardDeclined)) or len(errors) > len(NEXT):
                found = [("cause", "; ".join(errors)), ("attempts", str(len(errors)))]
                copy(message, "orders.dead", found)
            else:
                copy(message, NEXT[len(errors) - 1], [("error", text) for text in errors])

    def assigned(consumer, partitions):
        paused.clear()
        for each in partitions:
            each.offset = OFFSET_INVALID
        consumer.assign(partitions)

    consumer.subscribe([*DELAYS], on_assign=assigned)
    while True:
        now = time.time()
        over = [topic for topic in paused if paused[topic] <= now]
        if over:
            consumer.resume([TopicPartition(topic, 0) for topic in over])
            for topic in over:
                del paused[topic]
        messages = consumer.consume(1, min(paused.values()) - now if paused else 60)
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            due = message.timestamp()[1] / 1000 + DELAYS[message.topic()]
            if due > time.time():
                there = TopicPartition(message.topic(), 0, message.offset())
                consumer.pause([there])
                consumer.seek(there)
                paused[message.topic()] = due
            else:
                work(message)
                consumer.commit(message, asynchronous=False)
