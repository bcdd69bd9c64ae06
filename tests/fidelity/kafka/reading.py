"""Where a consumer begins to read, how it moves, and what it is told on the way."""

import time

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_STORED,
    Consumer,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import (
    POLL,
    done,
    drained,
    error,
    numbers,
    outcome,
    places,
    reader,
    record,
    take,
    topic_made,
    until,
    writer,
)
from tests.fidelity.scenario import scenario


def topic_with(kafka, topic, values, partitions=1):
    """A topic, and these values round its partitions."""
    topic_made(AdminClient({"bootstrap.servers": kafka}), NewTopic(topic, partitions, 1))
    producer = Producer(writer(kafka))
    for number, value in enumerate(values):
        producer.produce(topic, value, partition=number % partitions)
    assert producer.flush(30) == 0


@scenario("kafka", "records of one key come in the order they were sent, with offsets from 0")
def order_of_a_key(kafka, name, note):
    topic_with(kafka, name("orders"), [])
    producer = Producer(writer(kafka))
    for number in range(6):
        producer.produce(name("orders"), f"{number}", key="one" if number % 2 else "two")
    note("unsent", count=producer.flush())
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    for message in take(consumer, 6):
        note("received", **record(message))
    consumer.close()


@scenario("kafka", "headers, empty values, tombstones and timestamps arrive as they were sent")
def headers(kafka, name, note):
    topic_with(kafka, name("orders"), [])
    producer = Producer(writer(kafka))
    several = [("trace", b"\x00\xff"), ("trace", "again"), ("none", None), ("empty", b"")]
    producer.produce(name("orders"), "one", "key", headers=several, timestamp=1_700_000_000_000)
    producer.produce(name("orders"), None, "key", headers={"why": "gone"})
    producer.produce(name("orders"), b"", b"")
    producer.flush()
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    for message in take(consumer, 3):
        kind, moment = message.timestamp()
        given = moment if moment == 1_700_000_000_000 else "now"
        note("received", **record(message), headers=message.headers(), kind=kind, timestamp=given)
        note("size", length=len(message))
    consumer.close()


@scenario("kafka", "a group without offsets begins where auto.offset.reset says")
def begins(kafka, name, note):
    topic_with(kafka, name("orders"), ["old one", "old two"])
    producer = Producer(writer(kafka))
    for reset in ("earliest", "latest", "error"):
        consumer = Consumer(reader(kafka, name(reset), auto_offset_reset=reset))
        consumer.subscribe([name("orders")])
        until(lambda c=consumer: c.assignment(), consumer) if reset == "latest" else None
        if reset == "latest":
            # its place is looked up when it begins to fetch
            drained(consumer, first=10)
            producer.produce(name("orders"), "new")
            producer.flush()
        message = take(consumer, 1)[0]
        if message.error():
            note(reset, error=error(message.error()), partition=message.partition())
        else:
            note(reset, **record(message))
        consumer.close()


@scenario("kafka", "an offset out of range is reset, or an error when there is no reset")
def out_of_range(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two"])
    for reset in ("earliest", "latest", "error"):
        consumer = Consumer(reader(kafka, name("billing"), auto_offset_reset=reset))
        consumer.assign([TopicPartition(name("orders"), 0, 99)])
        if reset == "latest":
            note(reset, received=[record(each) for each in drained(consumer, first=15)])
            consumer.close()
            continue
        message = take(consumer, 1)[0]
        if message.error():
            note(reset, error=error(message.error()), offset=message.offset())
        else:
            note(reset, **record(message))
        consumer.close()


@scenario("kafka", "seek goes back and forth, and position follows what was handed out")
def seeks(kafka, name, note):
    topic_with(kafka, name("orders"), [f"{number}" for number in range(6)])
    place = TopicPartition(name("orders"), 0)
    consumer = Consumer(reader(kafka, name("billing")))
    note("seek before", result=outcome(lambda: consumer.seek(TopicPartition(name("orders"), 0, 1))))
    consumer.subscribe([name("orders")])
    note("position before", places=places(consumer.position([place])))
    note("received", **record(take(consumer, 1)[0]))
    note("position", places=places(consumer.position([place])))
    consumer.seek(TopicPartition(name("orders"), 0, 4))
    note("received", **record(take(consumer, 1)[0]))
    note("position", places=places(consumer.position([place])))
    consumer.seek(TopicPartition(name("orders"), 0, OFFSET_BEGINNING))
    note("received", **record(take(consumer, 1)[0]))
    consumer.seek(TopicPartition(name("orders"), 0, OFFSET_END))
    note("at the end", received=len(drained(consumer, first=8)))
    note("committed", places=places(consumer.committed([place], timeout=30)))
    consumer.close()


@scenario("kafka", "a paused partition hands out nothing until it is resumed")
def pauses(kafka, name, note):
    topic_with(kafka, name("orders"), [f"{number}" for number in range(8)], partitions=2)
    zero, one = (TopicPartition(name("orders"), number, OFFSET_BEGINNING) for number in (0, 1))
    consumer = Consumer(reader(kafka, name("billing")))
    note("not assigned", result=outcome(lambda: consumer.pause([zero])))
    consumer.assign([zero, one])
    consumer.pause([zero])
    for message in take(consumer, 4):
        note("while paused", **record(message))
    note("more", count=len(drained(consumer, first=5)))
    consumer.resume([zero])
    for message in take(consumer, 4):
        note("resumed", **record(message))
    consumer.close()


@scenario("kafka", "offsets_for_times gives the first record at or after a moment, else the end")
def for_times(kafka, name, note):
    topic_with(kafka, name("orders"), [])
    producer = Producer(writer(kafka))
    begin = 1_700_000_000_000
    for number in range(3):
        producer.produce(name("orders"), f"{number}", timestamp=begin + 1000 * number)
        producer.flush()
    consumer = Consumer(reader(kafka, name("billing")))
    for moment in (begin - 1, begin, begin + 1, begin + 2000, begin + 2001):
        asked = [TopicPartition(name("orders"), 0, moment)]
        found = consumer.offsets_for_times(asked, timeout=30)
        note("for", after=moment - begin, places=places(found))
    consumer.close()


@scenario("kafka", "watermarks: unknown until asked for, then the log's begin and end")
def watermarks(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two", "three"])
    place = TopicPartition(name("orders"), 0)
    consumer = Consumer(reader(kafka, name("billing")))
    note("cached", marks=outcome(lambda: consumer.get_watermark_offsets(place, cached=True)))
    note("asked for", marks=consumer.get_watermark_offsets(place, timeout=30))
    consumer.assign([TopicPartition(name("orders"), 0, 1)])
    take(consumer, 1)
    note("read", cached=consumer.get_watermark_offsets(place, cached=True))
    nowhere = TopicPartition(name("orders"), 7)
    note("nowhere", marks=outcome(lambda: consumer.get_watermark_offsets(nowhere, timeout=5)))
    consumer.close()


@scenario("kafka", "assign reads what it is told from where it is told, without a group's members")
def assigns(kafka, name, note):
    topic_with(kafka, name("orders"), ["zero", "one", "two"])
    group = name("billing")
    first = Consumer(reader(kafka, group))
    first.commit(offsets=[TopicPartition(name("orders"), 0, 1)], asynchronous=False)
    note("assigned", places=places(first.assignment()))
    first.assign([TopicPartition(name("orders"), 0, 2)])
    second = Consumer(reader(kafka, group))
    second.assign([TopicPartition(name("orders"), 0, OFFSET_STORED)])
    note("first", values=[each.value() for each in take(first, 1)])
    note("second", values=[each.value() for each in take(second, 2)])
    note("member", id=first.memberid())
    note("assigned", places=numbers(second.assignment()))
    second.unassign()
    note("unassigned", places=places(second.assignment()))
    first.close()
    second.close()


@scenario("kafka", "the end of a partition is told when enable.partition.eof asks for it")
def end_of_partition(kafka, name, note):
    topic_with(kafka, name("orders"), ["one"])
    consumer = Consumer(reader(kafka, name("billing"), enable_partition_eof=True))
    consumer.subscribe([name("orders")])
    for _ in range(2):
        message = take(consumer, 1)[0]
        if message.error():
            note("event", error=error(message.error()), offset=message.offset())
        else:
            note("received", **record(message))
    note("once", more=len(drained(consumer, first=5)))
    consumer.close()


@scenario("kafka", "deleted records: the log begins later, and who was before it is reset")
def deleted(kafka, name, note):
    topic_with(kafka, name("orders"), [f"{number}" for number in range(5)])
    admin = AdminClient({"bootstrap.servers": kafka})
    consumer = Consumer(reader(kafka, name("billing")))
    place = TopicPartition(name("orders"), 0, 3)
    [gone] = done(admin, "delete_records", [place])
    note("deleted", low=gone.low_watermark)
    note("marks", marks=consumer.get_watermark_offsets(place, timeout=30))
    for start in (1, 3):
        consumer.assign([TopicPartition(name("orders"), 0, start)])
        note("read", start=start, **record(take(consumer, 1)[0]))
    too_far = [TopicPartition(name("orders"), 0, 99)]
    note("beyond the end", result=outcome(lambda: done(admin, "delete_records", too_far)))
    consumer.close()


@scenario("kafka", "a subscription to what is not there says so, and finds it when it is made")
def unknown(kafka, name, note):
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    message = take(consumer, 1)[0]
    note("event", error=error(message.error()), topic=message.topic())
    topic_with(kafka, name("orders"), ["one"])
    note("received", **record(take(consumer, 1)[0]))
    consumer.close()


@scenario("kafka", "a record that is sent while a consumer polls ends its wait")
def in_time(kafka, name, note):
    topic_with(kafka, name("orders"), ["one"])
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    take(consumer, 1)
    began = time.monotonic()
    note("nothing", message=consumer.poll(POLL))
    note("waited", for_it=time.monotonic() - began >= POLL * 0.9)
    note("consumed", none=len(consumer.consume(5, 0.2)))
    producer = Producer(writer(kafka))
    for number in range(3):
        producer.produce(name("orders"), f"{number}")
    producer.flush()
    batch = []
    until(lambda: bool(batch.extend(consumer.consume(10, 1.0)) or len(batch) >= 3))
    note("consumed", values=[each.value() for each in batch])
    consumer.close()
