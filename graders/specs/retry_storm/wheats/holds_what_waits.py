"""Copy and offset in one transaction. What waits is held in memory and not committed, so a crash hands
it out again; the first in the topic is due first."""

import json
import time

from confluent_kafka import Consumer, Producer, TopicPartition


def worker(bootstrap_servers, payments):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billing",
            "group.instance.id": "worker",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "worker"})
    producer.init_transactions()
    waiting = []
    consumer.subscribe(["orders", "orders.retry"], on_assign=lambda *_: waiting.clear())

    def done(message, topic=None, **headers):
        producer.begin_transaction()
        if topic:
            producer.produce(topic, message.value(), message.key(), headers=headers)
        place = TopicPartition(message.topic(), message.partition(), message.offset() + 1)
        producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata())
        producer.commit_transaction()

    def work(message):
        attempts = int(dict(message.headers() or []).get("attempts", b"0")) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except ValueError as error:
            done(message, "orders.dead", cause=repr(error), attempts=str(attempts))
        except Exception as error:
            if attempts < 3:
                done(message, "orders.retry", attempts=str(attempts))
            else:
                done(message, "orders.dead", cause=repr(error), attempts=str(attempts))
        else:
            done(message)

    while True:
        if waiting and waiting[0][0] <= time.time():
            work(waiting.pop(0)[1])
            continue
        message = consumer.poll(waiting[0][0] - time.time() if waiting else 60)
        if message is None or message.error():
            continue
        if message.topic() == "orders.retry":
            waiting.append((message.timestamp()[1] / 1000 + 10, message))
        else:
            work(message)
