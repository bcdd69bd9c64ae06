"""What a transaction shows, to whom, and who is fenced."""

import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import (
    drained,
    outcome,
    places,
    reader,
    record,
    take,
    topic_made,
    until,
    writer,
)
from tests.fidelity.scenario import after, scenario


def topic(kafka, name, partitions=1):
    """A topic."""
    topic_made(AdminClient({"bootstrap.servers": kafka}), NewTopic(name, partitions, 1))


def transactional(kafka, identity, **settings):
    """A producer with transactions, initialized."""
    producer = Producer(writer(kafka, transactional_id=identity, **settings))
    producer.init_transactions(30)
    return producer


def seen(kafka, group, topic, isolation, count=None):
    """Offsets and values that a reader of this isolation level finds from the beginning."""
    consumer = Consumer(reader(kafka, group, isolation_level=isolation))
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = drained(consumer, first=10) if count is None else take(consumer, count)
    consumer.close()
    return [[each.offset(), each.value()] for each in found]


@scenario(
    "kafka", "commit and abort: what each isolation level sees, and the offsets of the markers"
)
def commit_and_abort(kafka, name, note):
    topic(kafka, name("orders"))
    producer = transactional(kafka, name("shop"))
    for number, ends in enumerate(["commit", "abort", "commit"]):
        producer.begin_transaction()
        for part in "ab":
            producer.produce(name("orders"), f"{number}{part}")
        if ends == "commit":
            producer.commit_transaction(30)
        else:
            producer.flush(30)
            producer.abort_transaction(30)
    for isolation in ("read_committed", "read_uncommitted"):
        note(isolation, records=seen(kafka, name("billing"), name("orders"), isolation))
    consumer = Consumer(reader(kafka, name("billing")))
    place = TopicPartition(name("orders"), 0)
    note("marks", marks=consumer.get_watermark_offsets(place, timeout=30))
    consumer.assign([TopicPartition(name("orders"), 0, 0)])
    take(consumer, 4)
    note("position", places=places(consumer.position([place])))
    drained(consumer, first=5)
    note("position", places=places(consumer.position([place])))
    note("commit", result=places(consumer.commit(asynchronous=False)))
    consumer.close()


@scenario("kafka", "an open transaction holds read_committed back, also from what came after it")
def open_transaction(kafka, name, note):
    topic(kafka, name("orders"))
    plain = Producer(writer(kafka))
    plain.produce(name("orders"), "before")
    plain.flush(30)
    producer = transactional(kafka, name("shop"))
    producer.begin_transaction()
    producer.produce(name("orders"), "within")
    producer.flush(30)
    plain.produce(name("orders"), "after")
    plain.flush(30)
    for isolation in ("read_committed", "read_uncommitted"):
        note(isolation, records=seen(kafka, name("billing"), name("orders"), isolation))
    for isolation in ("read_committed", "read_uncommitted"):
        consumer = Consumer(reader(kafka, name("billing"), isolation_level=isolation))
        place = TopicPartition(name("orders"), 0)
        note(isolation, marks=consumer.get_watermark_offsets(place, timeout=30))
        consumer.close()
    producer.commit_transaction(30)
    note("then", records=seen(kafka, name("billing"), name("orders"), "read_committed"))


@scenario(
    "kafka", "offsets in a transaction: with its commit they count, with its abort they do not"
)
def offsets(kafka, name, note):
    topic(kafka, name("orders"))
    topic(kafka, name("bills"))
    plain = Producer(writer(kafka))
    for number in range(4):
        plain.produce(name("orders"), f"{number}")
    plain.flush(30)
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    producer = transactional(kafka, name("shop"))
    place = [TopicPartition(name("orders"), 0)]
    for ends in ("abort", "commit"):
        messages = take(consumer, 2)
        producer.begin_transaction()
        for message in messages:
            producer.produce(name("bills"), message.value())
        producer.flush(30)
        sent = consumer.position(place)
        producer.send_offsets_to_transaction(sent, consumer.consumer_group_metadata(), 30)
        if ends == "abort":
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)
        # what is pending is not told until it is decided
        note(ends, sent=places(sent), committed=places(consumer.committed(place, timeout=30)))
        note(ends, position=places(consumer.position(place)))
    note("bills", records=seen(kafka, name("look"), name("bills"), "read_committed"))
    consumer.close()


@scenario("kafka", "two producers of one transactional.id: the first one is fenced, for good")
def fenced(kafka, name, note):
    topic(kafka, name("orders"))
    first = transactional(kafka, name("shop"))
    first.begin_transaction()
    first.produce(name("orders"), "first")
    first.flush(30)
    second = transactional(kafka, name("shop"))

    note("produce", result=outcome(lambda: first.produce(name("orders"), "late")))
    # librdkafka's first answer may leave the call open, and the next one closes it
    note("commit", result=outcome(lambda: first.commit_transaction(30)))
    note("commit", result=outcome(lambda: first.commit_transaction(30)))
    note("abort", result=outcome(lambda: first.abort_transaction(30)))
    note("begin", result=outcome(first.begin_transaction))
    note("produce", result=outcome(lambda: first.produce(name("orders"), "later")))
    second.begin_transaction()
    second.produce(name("orders"), "second")
    second.commit_transaction(30)
    note("seen", records=seen(kafka, name("billing"), name("orders"), "read_committed"))


@scenario(
    "kafka", "a transaction that is open for longer than its timeout is aborted by the broker"
)
def times_out(kafka, name, note):
    topic(kafka, name("orders"))
    producer = transactional(kafka, name("shop"), transaction_timeout_ms=2000)
    producer.begin_transaction()
    producer.produce(name("orders"), "too late")
    producer.flush(30)
    consumer = Consumer(reader(kafka, name("billing")))
    place = TopicPartition(name("orders"), 0)
    # the broker looks every ten seconds
    until(lambda: consumer.get_watermark_offsets(place, timeout=30)[1] == 2 or time.sleep(0.2))
    note("commit", result=outcome(lambda: producer.commit_transaction(30)))
    note("seen", records=seen(kafka, name("look"), name("orders"), "read_committed"))
    consumer.close()


@scenario("kafka", "transactional calls in the wrong order")
def wrong_order(kafka, name, note):
    topic(kafka, name("orders"))
    plain = Producer(writer(kafka))
    note("without an id", result=outcome(lambda: plain.init_transactions(5)))
    producer = Producer(writer(kafka, transactional_id=name("shop")))
    note("begin before init", result=outcome(producer.begin_transaction))
    note("produce before init", result=outcome(lambda: producer.produce(name("orders"), "v")))
    producer.init_transactions(30)
    note("produce before begin", result=outcome(lambda: producer.produce(name("orders"), "v")))
    note("commit before begin", result=outcome(lambda: producer.commit_transaction(5)))
    note("abort before begin", result=outcome(lambda: producer.abort_transaction(5)))
    producer.begin_transaction()
    note("begin twice", result=outcome(producer.begin_transaction))
    note("empty commit", result=outcome(lambda: producer.commit_transaction(30)))
    note("commit twice", result=outcome(lambda: producer.commit_transaction(5)))


@scenario(
    "kafka", "a killed producer's open transaction is aborted by its successor", ends="killed"
)
def dies(kafka, name, note):
    topic(kafka, name("orders"))
    producer = transactional(kafka, name("shop"))
    producer.begin_transaction()
    producer.produce(name("orders"), "half")
    note("unsent", count=producer.flush(30))


@after(dies)
def successor(kafka, name, note):
    note("before", records=seen(kafka, name("billing"), name("orders"), "read_committed"))
    producer = transactional(kafka, name("shop"))
    producer.begin_transaction()
    producer.produce(name("orders"), "whole")
    producer.commit_transaction(30)
    for isolation in ("read_committed", "read_uncommitted"):
        note(isolation, records=seen(kafka, name("billing"), name("orders"), isolation))


@scenario("kafka", "offsets of a member that was replaced are refused in a transaction")
def zombie(kafka, name, note):
    topic(kafka, name("orders"))
    plain = Producer(writer(kafka))
    for number in range(2):
        plain.produce(name("orders"), f"{number}")
    plain.flush(30)
    slow = Consumer(reader(kafka, name("billing"), max_poll_interval_ms=6000))
    slow.subscribe([name("orders")])
    [message] = take(slow, 1)
    producer = transactional(kafka, name("shop"))
    producer.begin_transaction()
    stale = slow.consumer_group_metadata()
    time.sleep(8)
    other = Consumer(reader(kafka, name("billing")))
    other.subscribe([name("orders")])
    note("other", **record(take(other, 1)[0]))
    offsets = [TopicPartition(name("orders"), 0, message.offset() + 1)]
    result = outcome(lambda: producer.send_offsets_to_transaction(offsets, stale, 30))
    note("send offsets", result=result)
    note("commit", result=outcome(lambda: producer.commit_transaction(30)))
    note("abort", result=outcome(lambda: producer.abort_transaction(30)))
    place = [TopicPartition(name("orders"), 0)]
    note("committed", places=places(other.committed(place, timeout=30)))
    other.close()
    slow.close()
