"""What is due goes back to `orders`, as a waiting queue of RabbitMQ would let it go, and is tried there.
Each move and its offset are one transaction; an error that asks for an abort gets one, and the
consumer goes back to what is committed."""

import json
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from minibroker.clients.payments import CardDeclined

WAITS = {1: 5, 2: 10, 3: 20}
SECONDS = {f"orders.retry.{seconds}": seconds for seconds in WAITS.values()}


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
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "transactional.id": f"mover {name}",
            "transaction.timeout.ms": 10_000,
        }
    )
    until = {}

    def retried(call, *args):
        while True:
            try:
                return call(*args)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise

    def rewind():
        for committed in retried(consumer.committed, consumer.assignment()):
            if committed.offset < 0:
                committed.offset = 0
            consumer.seek(committed)

    def done(message, topic=None, headers=None):
        """One step: the offset, and where the order goes next."""
        place = TopicPartition(message.topic(), message.partition(), message.offset() + 1)
        producer.begin_transaction()
        try:
            if topic:
                producer.produce(topic, message.value(), message.key(), headers=headers)
            group = consumer.consumer_group_metadata()
            retried(producer.send_offsets_to_transaction, [place], group)
            retried(producer.commit_transaction)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            retried(producer.abort_transaction)
            rewind()

    def attempt(message):
        attempts = int(dict(message.headers() or []).get("attempts", b"0")) + 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception as error:
            hopeless = isinstance(error, (ValueError, CardDeclined)) or attempts not in WAITS
            headers = [("attempts", str(attempts))]
            if hopeless:
                done(message, "orders.dead", [("cause", str(error)), *headers])
            else:
                done(message, f"orders.retry.{WAITS[attempts]}", headers)
        else:
            done(message)

    retried(producer.init_transactions)
    consumer.subscribe(["orders", *SECONDS], on_assign=lambda *_: until.clear())
    while True:
        for topic, when in list(until.items()):
            if when <= time.time():
                consumer.resume([TopicPartition(topic, 0)])
                del until[topic]
        message = consumer.poll(max(0, min(until.values()) - time.time()) if until else 30)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        if message.topic() == "orders":
            attempt(message)
            continue
        when = message.timestamp()[1] / 1000 + SECONDS[message.topic()]
        if when <= time.time():
            done(message, "orders", message.headers())
        else:
            place = TopicPartition(message.topic(), message.partition(), message.offset())
            consumer.pause([place])
            consumer.seek(place)
            until[message.topic()] = when
