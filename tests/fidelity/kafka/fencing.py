"""Members that are given up, replaced or late, and what they are told."""

import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import (
    POLL,
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


def topic(kafka, name, partitions=1):
    """A topic with two records in each partition."""
    topic_made(AdminClient({"bootstrap.servers": kafka}), NewTopic(name, partitions, 1))
    producer = Producer(writer(kafka))
    for number in range(partitions * 2):
        producer.produce(name, f"{number}", partition=number % partitions)
    assert producer.flush(30) == 0


@scenario("kafka", "max.poll.interval exceeded: an error, on_lost, and the other one goes on")
def too_slow(kafka, name, note):
    topic(kafka, name("orders"))
    slow = Consumer(reader(kafka, name("billing"), max_poll_interval_ms=6000))
    told = []
    slow.subscribe(
        [name("orders")],
        on_assign=lambda _, given: told.append(["assigned", numbers(given)]),
        on_revoke=lambda _, given: told.append(["revoked", numbers(given)]),
        on_lost=lambda _, given: told.append(["lost", numbers(given)]),
    )
    [message] = take(slow, 1)
    time.sleep(8)
    other = Consumer(reader(kafka, name("billing")))
    other.subscribe([name("orders")])
    note("other", **record(take(other, 1)[0]))
    problem = outcome(lambda: slow.commit(message, asynchronous=False))
    note("late commit", result=problem if isinstance(problem, dict) else places(problem))
    events = []
    for _ in range(10):
        event = slow.poll(POLL)
        other.poll(0.05)
        if event is not None:
            events.append(error(event.error()))
        if len(events) and len(told) > 1:
            break
    note("events", errors=events[:1])
    note("callbacks", told=told[:2])
    other.close()
    slow.close()


@scenario("kafka", "a second member of one group.instance.id fences the first")
def fenced(kafka, name, note):
    topic(kafka, name("orders"))
    told = []

    def member(who):
        # the commit is to be told, before a heartbeat in the background is
        slowly = {"session_timeout_ms": 30000, "heartbeat_interval_ms": 8000}
        config = reader(kafka, name("billing"), group_instance_id=name("one"), **slowly)
        consumer = Consumer(config)
        consumer.subscribe(
            [name("orders")],
            on_assign=lambda _, given: told.append([who, "assigned", numbers(given)]),
            on_revoke=lambda _, given: told.append([who, "revoked", numbers(given)]),
            on_lost=lambda _, given: told.append([who, "lost", numbers(given)]),
        )
        return consumer

    first = member("first")
    [message] = take(first, 1)
    second = member("second")
    until(lambda: len(second.assignment()) == 1, second)
    problem = outcome(lambda: first.commit(message, asynchronous=False))
    note("commit", result=problem if isinstance(problem, dict) else places(problem))
    found = None
    for _ in range(100):
        event = outcome(lambda: first.poll(POLL))
        if isinstance(event, dict):
            found = event
            break
        if event is not None and event.error():
            found = error(event.error())
            break
    note("poll", error=found)
    note("second", callbacks=[each for each in told if each[0] == "second"])
    first.close()
    second.close()


@scenario("kafka", "a commit from outside is refused while a group has members")
def outsider(kafka, name, note):
    topic(kafka, name("orders"))
    member = Consumer(reader(kafka, name("billing")))
    member.subscribe([name("orders")])
    take(member, 1)
    outside = Consumer(reader(kafka, name("billing")))
    offsets = [TopicPartition(name("orders"), 0, 1)]
    problem = outcome(lambda: outside.commit(offsets=offsets, asynchronous=False))
    note("outside", result=problem if isinstance(problem, dict) else places(problem))
    member.close()
    problem = outcome(lambda: outside.commit(offsets=offsets, asynchronous=False))
    note("when it is empty", result=problem if isinstance(problem, dict) else places(problem))
    outside.close()


@scenario("kafka", "a commit during a rebalance that the member has not heard of yet")
def unaware(kafka, name, note):
    topic(kafka, name("orders"), 2)
    one = Consumer(reader(kafka, name("billing"), heartbeat_interval_ms=3000, client_id="a"))
    one.subscribe([name("orders")])
    messages = take(one, 4)
    problem = outcome(lambda: one.commit(messages[0], asynchronous=False))
    note("before", result=problem if isinstance(problem, dict) else len(problem))
    two = Consumer(reader(kafka, name("billing"), client_id="b"))
    two.subscribe([name("orders")])
    two.poll(1.0)
    problem = outcome(lambda: one.commit(messages[1], asynchronous=False))
    note("meanwhile", result=problem if isinstance(problem, dict) else len(problem))
    until(lambda: len(two.assignment()) == 1, one, two)
    gone = [TopicPartition(name("orders"), number, 1) for number in numbers(two.assignment())]
    problem = outcome(lambda: one.commit(offsets=gone, asynchronous=False))
    note("of another's partition", result=problem if isinstance(problem, dict) else places(problem))
    one.close()
    two.close()
