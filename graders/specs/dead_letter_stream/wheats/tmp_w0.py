import json
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from minibroker.clients.payments import CardDeclined

WAITS = [5, 10, 20]  # seconds before the second, third and fourth attempt
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
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions()
    due = {}  # the topics that are paused, and when their next record is due

    def assigned(consumer, partitions):
        due.clear()  # a new assignment is paused nowhere

    consumer.subscribe(list(TOPICS), on_assign=assigned)

    def move(message, topic, headers):
        """The copy there and the offset here: both or neither."""
        place = TopicPartition(message.topic(), message.partition(), message.offset() + 1)
        producer.begin_transaction()
        producer.produce(topic, message.value(), message.key(), headers=headers)
        producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata())
        producer.commit_transaction()

    while True:
        for topic in [topic for topic, when in due.items() if when <= time.time()]:
            consumer.resume([TopicPartition(topic, 0)])
            del due[topic]
        wait = min(due.values()) - time.time() if due else 60
        message = consumer.poll(max(wait, 0))
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        when = message.timestamp()[1] / 1000 + TOPICS[message.topic()]
        if when > time.time():  # all after it in this topic is due later still
            here = TopicPartition(message.topic(), message.partition(), message.offset())
            consumer.pause([here])
            consumer.seek(here)
            due[message.topic()] = when
            continue
        attempts = int(dict(message.headers() or [])["attempts"]) + 1 if message.headers() else 1
        try:
            order = json.loads(message.value())
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            hopeless = isinstance(error, (ValueError, CardDeclined))
            if hopeless or attempts > len(WAITS):
                cause = f"{type(error).__name__}: {error}".encode()
                move(message, "orders.dead", {"cause": cause, "attempts": str(attempts).encode()})
            else:
                wait = WAITS[attempts - 1]
                move(message, f"orders.retry.{wait}", {"attempts": str(attempts).encode()})
        else:
            consumer.commit(message, asynchronous=False)
