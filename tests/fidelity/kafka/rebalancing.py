"""Who gets which partitions, and what the callbacks are told, in order."""

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import (
    POLL,
    numbers,
    outcome,
    reader,
    take,
    topic_made,
    until,
    writer,
)
from tests.fidelity.scenario import after, scenario


def topic(kafka, name, partitions=4):
    """A topic with a record in each partition."""
    topic_made(AdminClient({"bootstrap.servers": kafka}), NewTopic(name, partitions, 1))
    producer = Producer(writer(kafka))
    for number in range(partitions):
        producer.produce(name, f"{number}", partition=number)
    assert producer.flush(30) == 0


def joined(kafka, group, topics, who, told, **settings):
    """A consumer whose callbacks tell who was given or lost what; not of a cooperative round that
    gives nothing, for two rounds may follow each other before the next poll."""
    consumer = Consumer(reader(kafka, group, **settings))

    def tells(what):
        return lambda _, partitions: (
            told.append([who, what, numbers(partitions)])
            if partitions or settings.get("partition_assignment_strategy") != "cooperative-sticky"
            else None
        )

    consumer.subscribe(
        topics,
        on_assign=tells("assigned"),
        on_revoke=tells("revoked"),
        on_lost=tells("lost"),
    )
    return consumer


def values(messages):
    """What is in messages."""
    return [each.value() for each in messages]


def own(consumer, count):
    """Whether a consumer has so many partitions."""
    return lambda: len(consumer.assignment()) == count


def joins_and_leaves(kafka, name, note, **settings):
    """One member, then two, then the second one leaves."""
    topic(kafka, name("orders"))
    told = []
    one = joined(kafka, name("billing"), [name("orders")], "one", told, client_id="a", **settings)
    until(own(one, 4), one)
    note("alone", callbacks=list(told))
    two = joined(kafka, name("billing"), [name("orders")], "two", told, client_id="b", **settings)
    until(lambda: own(one, 2)() and own(two, 2)(), one, two)
    note("shared", first=numbers(one.assignment()), second=numbers(two.assignment()))
    for who in ("one", "two"):
        note(who, callbacks=[each for each in told if each[0] == who])
    two.close()
    until(own(one, 4), one)
    one.close()
    for who in ("one", "two"):
        note(who, callbacks=[each for each in told if each[0] == who])


@scenario("kafka", "range: a second member joins and leaves, all is revoked each time")
def ranges(kafka, name, note):
    joins_and_leaves(kafka, name, note, partition_assignment_strategy="range")


@scenario("kafka", "roundrobin: a second member joins and leaves, all is revoked each time")
def round_robin(kafka, name, note):
    joins_and_leaves(kafka, name, note, partition_assignment_strategy="roundrobin")


@scenario("kafka", "cooperative-sticky: only what moves is revoked")
def cooperative(kafka, name, note):
    joins_and_leaves(kafka, name, note, partition_assignment_strategy="cooperative-sticky")


@scenario("kafka", "range and roundrobin over two topics of three partitions")
def two_topics(kafka, name, note):
    for strategy in ("range", "roundrobin"):
        topics = [name(f"{strategy}-a"), name(f"{strategy}-b")]
        for each in topics:
            topic(kafka, each, 3)
        told = []
        members = [
            joined(
                kafka,
                name(strategy),
                topics,
                f"{number}",
                told,
                partition_assignment_strategy=strategy,
                client_id=f"client-{number}",
            )
            for number in range(2)
        ]

        def settled(members=members):
            counts = [len(each.assignment()) for each in members]
            return sum(counts) == 6 and min(counts) > 0

        until(settled, *members)
        for number, member in enumerate(members):
            # ids sort by client.id, so that it is known who is first
            held = sorted([each.topic, each.partition] for each in member.assignment())
            note(strategy, member=number, held=held)
        for each in members:
            each.close()


@scenario("kafka", "more members than partitions: one has nothing, until another leaves")
def spare(kafka, name, note):
    topic(kafka, name("orders"), 1)
    told = []
    one = joined(kafka, name("billing"), [name("orders")], "one", told, client_id="a")
    until(own(one, 1), one)
    two = joined(kafka, name("billing"), [name("orders")], "two", told, client_id="b")
    until(lambda: any(each[:2] == ["two", "assigned"] for each in told), one, two)
    until(lambda: sum(each[:2] == ["one", "assigned"] for each in told) == 2, one, two)
    note("with two", callbacks=sorted(told))
    one.close()
    until(own(two, 1), two)
    note("alone", second=[each for each in told if each[0] == "two"])
    two.close()


@scenario("kafka", "on_assign and on_revoke may assign by themselves, from offsets of their own")
def by_itself(kafka, name, note):
    topic(kafka, name("orders"), 2)
    producer = Producer(writer(kafka))
    for number in range(2):
        producer.produce(name("orders"), "later", partition=number)
    producer.flush(30)
    consumer = Consumer(reader(kafka, name("billing")))

    def assigned(one, partitions):
        for each in partitions:
            each.offset = 1
        one.assign(partitions)
        note("assigned", partitions=numbers(partitions))

    def revoked(one, partitions):
        note("revoked", partitions=numbers(partitions), still=numbers(one.assignment()))

    consumer.subscribe([name("orders")], on_assign=assigned, on_revoke=revoked)
    for message in sorted(take(consumer, 2), key=lambda each: each.partition()):
        note("received", partition=message.partition(), offset=message.offset())
    consumer.unsubscribe()
    until(lambda: not consumer.assignment(), consumer)
    note("unsubscribed", assignment=numbers(consumer.assignment()))
    consumer.close()


@scenario("kafka", "a commit in on_revoke counts, and the next member goes on from there")
def commits_first(kafka, name, note):
    topic(kafka, name("orders"), 1)
    producer = Producer(writer(kafka))
    for number in range(3):
        producer.produce(name("orders"), f"later {number}")
    producer.flush(30)
    one = Consumer(reader(kafka, name("billing")))

    def revoked(consumer, partitions):
        committed = outcome(lambda: len(consumer.commit(asynchronous=False)))
        note("revoked", partitions=numbers(partitions), committed=committed)

    one.subscribe([name("orders")], on_revoke=revoked)
    take(one, 2)
    one.close()
    two = Consumer(reader(kafka, name("billing")))
    two.subscribe([name("orders")])
    note("received", offset=take(two, 1)[0].offset())
    two.close()


@scenario("kafka", "an exception in a callback leaves poll, and the partitions are assigned anyway")
def raises(kafka, name, note):
    topic(kafka, name("orders"), 1)
    consumer = Consumer(reader(kafka, name("billing")))

    def assigned(_, partitions):
        raise ValueError("not now")

    consumer.subscribe([name("orders")], on_assign=assigned)
    for _ in range(100):
        try:
            message = consumer.poll(POLL)
        except ValueError as problem:
            note("raised", text=str(problem), assignment=numbers(consumer.assignment()))
            break
        assert message is None
    # what the same poll had fetched already is lost with it, sometimes: a later one is looked for
    producer = Producer(writer(kafka))
    producer.produce(name("orders"), "later")
    producer.flush(30)
    found = []
    until(lambda: bool(found.extend(take(consumer, 1, polls=1)) or b"later" in values(found)))
    note("received", last=values(found)[-1])
    consumer.close()


@scenario("kafka", "a pattern subscribes to the topics that match, those made later too")
def pattern(kafka, name, note):
    topic(kafka, name("orders"), 1)
    topic(kafka, name("refunds"), 1)
    told = []
    wanted = "^(" + name("orders") + "|" + name("more") + ")$"
    consumer = joined(kafka, name("billing"), [wanted], "one", told)
    until(own(consumer, 1), consumer)
    note("at first", topics=sorted(each.topic for each in consumer.assignment()))
    topic(kafka, name("more"), 1)
    until(own(consumer, 2), consumer)
    note("later", topics=sorted(each.topic for each in consumer.assignment()))
    consumer.close()


@scenario("kafka", "partitions that are added are given to the group")
def added(kafka, name, note):
    from confluent_kafka.admin import NewPartitions

    topic(kafka, name("orders"), 1)
    told = []
    consumer = joined(kafka, name("billing"), [name("orders")], "one", told)
    until(own(consumer, 1), consumer)
    admin = AdminClient({"bootstrap.servers": kafka})
    [future] = admin.create_partitions([NewPartitions(name("orders"), 3)]).values()
    future.result(30)
    until(own(consumer, 3), consumer)
    note("callbacks", callbacks=told)
    consumer.close()


@scenario("kafka", "members that cannot agree on an assignor: the second one is refused")
def disagree(kafka, name, note):
    topic(kafka, name("orders"), 2)
    told = []
    one = joined(
        kafka, name("billing"), [name("orders")], "one", told, partition_assignment_strategy="range"
    )
    until(own(one, 2), one)
    two = joined(
        kafka,
        name("billing"),
        [name("orders")],
        "two",
        told,
        partition_assignment_strategy="roundrobin",
    )
    problem = None
    for _ in range(60):
        one.poll(0.05)
        message = two.poll(0.1)
        if message is not None and message.error():
            problem = message.error().name()
            break
    note("refused", code=problem, first=numbers(one.assignment()))
    two.close()
    one.close()


@scenario(
    "kafka", "a static member that comes back in time keeps its partitions, without a rebalance"
)
def static(kafka, name, note):
    topic(kafka, name("orders"), 2)
    told = []

    def member(who):
        return joined(
            kafka, name("billing"), [name("orders")], who, told, group_instance_id=name(who)
        )

    one, two = member("one"), member("two")
    until(lambda: own(one, 1)() and own(two, 1)(), one, two)
    held = numbers(two.assignment())
    before = [each for each in told if each[0] == "one"]
    note("settled", same=len(before) > 0)
    two.close()
    for _ in range(5):
        one.poll(POLL)
    again = member("two")
    until(own(again, 1), again, one)
    note("back", same=numbers(again.assignment()) == held)
    note("nothing for the other", same=before == [each for each in told if each[0] == "one"])
    again.close()
    one.close()


@scenario(
    "kafka", "a killed member's partitions go to another when its session is over", ends="killed"
)
def killed(kafka, name, note):
    topic(kafka, name("orders"), 2)
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    messages = take(consumer, 2)
    consumer.commit(messages[0], asynchronous=False)
    note("first", count=len(messages))


@after(killed)
def other(kafka, name, note):
    told = []
    consumer = joined(kafka, name("billing"), [name("orders")], "other", told)
    messages = take(consumer, 1)
    note("again", count=len(messages), more=len(take(consumer, 1, polls=5)))
    note("callbacks", callbacks=told)
    consumer.close()
