"""What is committed, when, and what is read again because it was not."""

import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import (
    done,
    outcome,
    places,
    reader,
    record,
    take,
    topic_made,
    until,
    writer,
)
from tests.fidelity.kafka_steps import error as error_of
from tests.fidelity.scenario import after, scenario


def topic_with(kafka, topic, values, partitions=1):
    """A topic, and these values round its partitions."""
    topic_made(AdminClient({"bootstrap.servers": kafka}), NewTopic(topic, partitions, 1))
    producer = Producer(writer(kafka))
    for number, value in enumerate(values):
        producer.produce(topic, value, partition=number % partitions)
    assert producer.flush(30) == 0


def committed(consumer, place, offset):
    """Wait, without a poll, until so much is committed."""
    for _ in range(300):
        if consumer.committed(place, timeout=30)[0].offset >= offset:
            return
        time.sleep(0.1)
    raise AssertionError("it was not committed")


@scenario("kafka", "committed() and position() before, after a poll, and after a commit")
def before_and_after(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two", "three"])
    place = [TopicPartition(name("orders"), 0)]
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])

    def now(when):
        note(
            when,
            committed=places(consumer.committed(place, timeout=30)),
            position=places(consumer.position(place)),
        )

    now("before")
    one, two = take(consumer, 2)
    now("two were read")
    note("commit one", result=places(consumer.commit(one, asynchronous=False)))
    now("one is committed")
    note("commit", result=places(consumer.commit(asynchronous=False)))
    now("all that was read is")
    note("again", result=outcome(lambda: places(consumer.commit(asynchronous=False))))
    note("back", result=places(consumer.commit(two, asynchronous=False)))
    [kept] = consumer.committed(place, timeout=30)
    note("without a word", offset=kept.offset, metadata=kept.metadata)
    back = [TopicPartition(name("orders"), 0, 0, "because")]
    found = consumer.commit(offsets=back, asynchronous=False)
    note("far back", result=places(found))
    [kept] = consumer.committed(place, timeout=30)
    note("with a word", offset=kept.offset, metadata=kept.metadata)
    consumer.close()


@scenario("kafka", "an asynchronous commit calls on_commit at a later poll")
def asynchronously(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two"])
    told = []

    def on_commit(problem, partitions):
        told.append([error_of(problem), places(partitions)])

    config = reader(kafka, name("billing")) | {"on_commit": on_commit}
    consumer = Consumer(config)
    consumer.subscribe([name("orders")])
    [one] = take(consumer, 1)
    note("gives", result=consumer.commit(one))
    note("told at once", reports=told)
    until(lambda: bool(told), consumer)
    note("told", reports=told)
    consumer.close()


@scenario(
    "kafka", "nothing to commit is an error, and so are offsets that are not assigned to store"
)
def nothing(kafka, name, note):
    topic_with(kafka, name("orders"), ["one"])
    place = TopicPartition(name("orders"), 0, 1)
    consumer = Consumer(reader(kafka, name("billing")))
    note("nothing", result=outcome(lambda: consumer.commit(asynchronous=False)))
    note("storing", result=outcome(lambda: consumer.store_offsets(offsets=[place])))
    manual = Consumer(reader(kafka, name("billing"), enable_auto_offset_store=False))
    note("not assigned", result=outcome(lambda: manual.store_offsets(offsets=[place])))
    manual.assign([TopicPartition(name("orders"), 0, 0)])
    take(manual, 1)
    other = [TopicPartition(name("orders"), 9, 1)]
    note("another one", result=outcome(lambda: manual.store_offsets(offsets=other)))
    anyway = [TopicPartition(name("orders"), 0, 1)]
    note("committed", result=places(consumer.commit(offsets=anyway, asynchronous=False)))
    consumer.close()
    manual.close()


@scenario("kafka", "what is stored by hand is what auto-commit and close commit")
def stored(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two", "three"])
    config = reader(kafka, name("billing"), enable_auto_offset_store=False, enable_auto_commit=True)
    consumer = Consumer(config)
    consumer.subscribe([name("orders")])
    one, _two = take(consumer, 2)
    consumer.store_offsets(one)
    consumer.close()
    consumer = Consumer(config)
    consumer.subscribe([name("orders")])
    [again] = take(consumer, 1)
    note("received", **record(again))
    consumer.close()
    place = [TopicPartition(name("orders"), 0)]
    look = Consumer(reader(kafka, name("billing")))
    note("committed", places=places(look.committed(place, timeout=30)))
    look.close()


@scenario("kafka", "auto-commit: close commits all that was handed out, processed or not")
def automatically(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two", "three"])
    config = reader(kafka, name("billing"), enable_auto_commit=True)
    consumer = Consumer(config)
    consumer.subscribe([name("orders")])
    take(consumer, 2)
    consumer.close()
    note("closed twice", result=outcome(consumer.close))
    note("after close", result=outcome(lambda: consumer.poll(0)))
    another = Consumer(config)
    another.subscribe([name("orders")])
    note("received", **record(take(another, 1)[0]))
    another.close()


@scenario(
    "kafka", "auto-commit: a killed member has committed what the interval let it", ends="killed"
)
def interval(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two", "three"])
    config = reader(kafka, name("billing"), enable_auto_commit=True, auto_commit_interval_ms=1000)
    consumer = Consumer(config)
    consumer.subscribe([name("orders")])
    place = [TopicPartition(name("orders"), 0)]
    take(consumer, 1)
    committed(consumer, place, 1)
    take(consumer, 1)


@after(interval)
def after_interval(kafka, name, note):
    place = [TopicPartition(name("orders"), 0)]
    consumer = Consumer(reader(kafka, name("billing")))
    [found] = consumer.committed(place, timeout=30)
    note("committed", some=1 <= found.offset <= 2)
    consumer.subscribe([name("orders")])
    note("received", is_next=record(take(consumer, 1)[0])["offset"] == found.offset)
    consumer.close()


@scenario("kafka", "closing without a commit: the next member reads everything again")
def without(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two"])
    for _ in range(2):
        consumer = Consumer(reader(kafka, name("billing")))
        consumer.subscribe([name("orders")])
        note("received", values=[each.value() for each in take(consumer, 2)])
        consumer.close()


@scenario("kafka", "a group's lag is the end of the log less what was committed")
def lag(kafka, name, note):
    topic_with(kafka, name("orders"), [f"{number}" for number in range(6)], partitions=2)
    admin = AdminClient({"bootstrap.servers": kafka})
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.assign([TopicPartition(name("orders"), 0, 0)])
    consumer.commit(take(consumer, 2)[-1], asynchronous=False)
    asked = ConsumerGroupTopicPartitions(name("billing"))
    [found] = done(admin, "list_consumer_group_offsets", [asked])
    for each in found.topic_partitions:
        _, end = consumer.get_watermark_offsets(each, timeout=30)
        note("lag", partition=each.partition, committed=each.offset, lag=end - each.offset)
    both = [TopicPartition(name("orders"), number) for number in (0, 1)]
    asked = ConsumerGroupTopicPartitions(name("billing"), both)
    [found] = done(admin, "list_consumer_group_offsets", [asked])
    note("asked for", places=places(found.topic_partitions))
    consumer.close()


@scenario("kafka", "offsets of partitions and topics that are not there cannot be committed")
def nowhere(kafka, name, note):
    topic_with(kafka, name("orders"), ["one"])
    consumer = Consumer(reader(kafka, name("billing")))
    beyond = [TopicPartition(name("orders"), 0, 1000)]
    note("beyond the end", result=places(consumer.commit(offsets=beyond, asynchronous=False)))
    note("committed", places=places(consumer.committed(beyond, timeout=30)))
    consumer.close()


@scenario("kafka", "auto-commit commits again what was set back by hand")
def set_back(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two"])
    config = reader(kafka, name("billing"), enable_auto_commit=True, auto_commit_interval_ms=500)
    consumer = Consumer(config)
    place = TopicPartition(name("orders"), 0)
    consumer.assign([TopicPartition(name("orders"), 0, 0)])
    take(consumer, 2)
    committed(consumer, [place], 2)
    consumer.commit(offsets=[TopicPartition(name("orders"), 0, 1)], asynchronous=False)
    time.sleep(1.5)
    note("committed", places=places(consumer.committed([place], timeout=30)))
    consumer.close()
    look = Consumer(reader(kafka, name("billing")))
    note("after close", places=places(look.committed([place], timeout=30)))
    look.close()
