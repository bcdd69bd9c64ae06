"""What an admin client is told."""

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from tests.fidelity.kafka_steps import POLLS, done, outcome, reader, take, topic_made, until, writer
from tests.fidelity.scenario import scenario


@scenario("kafka", "topics that cannot be made or deleted, and why")
def topics(kafka, name, note):
    admin = AdminClient({"bootstrap.servers": kafka})
    topic_made(admin, NewTopic(name("orders"), 2, 1))
    for what, topic in {
        "it is there": NewTopic(name("orders"), 2, 1),
        "a configuration that is none": NewTopic(name("a"), 1, 1, config={"no.such": "1"}),
        "a value that is none": NewTopic(name("b"), 1, 1, config={"retention.ms": "soon"}),
        "a policy that is none": NewTopic(name("c"), 1, 1, config={"cleanup.policy": "burn"}),
        "no partitions": NewTopic(name("d"), 0, 1),
        "more replicas than brokers": NewTopic(name("e"), 1, 3),
        "no name": NewTopic("", 1, 1),
        "a bad name": NewTopic(name("white space"), 1, 1),
        "a dot": NewTopic(".", 1, 1),
        "a long name": NewTopic("x" * 250, 1, 1),
    }.items():
        result = outcome(lambda topic=topic: done(admin, "create_topics", [topic]))
        note(what, result=result)
    both = [NewTopic(name("twice"), 1, 1), NewTopic(name("twice"), 1, 1)]
    note("twice at once", result=outcome(lambda: done(admin, "create_topics", both)))
    note("not there", result=outcome(lambda: done(admin, "delete_topics", [name("none")])))
    note("deleted", result=outcome(lambda: done(admin, "delete_topics", [name("orders")])))


@scenario("kafka", "more partitions, never fewer, and a topic's configuration")
def changes(kafka, name, note):
    admin = AdminClient({"bootstrap.servers": kafka})
    topic_made(admin, NewTopic(name("orders"), 2, 1, config={"retention.ms": "60000"}))
    for count in (4, 4, 3):
        change = [NewPartitions(name("orders"), count)]
        note(
            "partitions",
            wanted=count,
            result=outcome(lambda change=change: done(admin, "create_partitions", change)),
        )
    nowhere = [NewPartitions(name("none"), 3)]
    note("nowhere", result=outcome(lambda: done(admin, "create_partitions", nowhere)))

    def config(**values):
        return ConfigResource(
            ResourceType.TOPIC,
            name("orders"),
            incremental_configs=[
                ConfigEntry(key.replace("_", "."), value, incremental_operation=operation)
                for key, (operation, value) in values.items()
            ],
        )

    for what, change in {
        "set": config(cleanup_policy=(AlterConfigOpType.SET, "compact,delete")),
        "no such": config(no_such=(AlterConfigOpType.SET, "1")),
        "no number": config(max_message_bytes=(AlterConfigOpType.SET, "many")),
        "too few": config(min_insync_replicas=(AlterConfigOpType.SET, "0")),
        "unset": config(retention_ms=(AlterConfigOpType.DELETE, None)),
    }.items():
        note(
            what,
            result=outcome(
                lambda change=change: done(admin, "incremental_alter_configs", [change])
            ),
        )
    asked = [ConfigResource(ResourceType.TOPIC, name("orders"))]
    for _ in range(POLLS):  # a broker hears of a change a little later
        [found] = done(admin, "describe_configs", asked)
        if found["retention.ms"].is_default:
            break
    for key in ("cleanup.policy", "retention.ms", "max.message.bytes", "min.insync.replicas"):
        note(
            key,
            value=found[key].value,
            default=found[key].is_default,
            source=found[key].source,
        )


@scenario("kafka", "groups: described, deleted only when they are empty, set back only then")
def groups(kafka, name, note):
    admin = AdminClient({"bootstrap.servers": kafka})
    topic_made(admin, NewTopic(name("orders"), 2, 1))
    producer = Producer(writer(kafka))
    producer.produce(name("orders"), "one", partition=0)
    producer.flush(30)
    note("none", result=outcome(lambda: done(admin, "delete_consumer_groups", [name("none")])))

    def described():
        [found] = done(admin, "describe_consumer_groups", [name("billing")])
        members = [len(each.assignment.topic_partitions) for each in found.members]
        return {
            "state": found.state.name,
            "assignor": found.partition_assignor,
            "members": members,
            "simple": found.is_simple_consumer_group,
        }

    note("before", result=outcome(described))
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    [message] = take(consumer, 1)
    consumer.commit(message, asynchronous=False)
    until(lambda: described()["state"] == "STABLE", consumer)
    note("with a member", result=described())
    note(
        "not empty",
        result=outcome(lambda: done(admin, "delete_consumer_groups", [name("billing")])),
    )
    back = [ConsumerGroupTopicPartitions(name("billing"), [TopicPartition(name("orders"), 0, 0)])]

    def set_back():
        [found] = done(admin, "alter_consumer_group_offsets", back)
        return [[each.offset, each.error and each.error.name()] for each in found.topic_partitions]

    note("set back", result=outcome(set_back))
    consumer.close()
    note("closed", result=described())
    note("set back", result=outcome(set_back))
    note(
        "deleted", result=outcome(lambda: done(admin, "delete_consumer_groups", [name("billing")]))
    )
    note("after", result=outcome(described))


@scenario("kafka", "list_offsets: the earliest, the latest, and at a moment")
def offsets(kafka, name, note):
    admin = AdminClient({"bootstrap.servers": kafka})
    topic_made(admin, NewTopic(name("orders"), 1, 1))
    producer = Producer(writer(kafka))
    for number in range(3):
        producer.produce(name("orders"), "v", timestamp=1_700_000_000_000 + number * 1000)
    producer.flush(30)
    done(admin, "delete_records", [TopicPartition(name("orders"), 0, 1)])
    place = TopicPartition(name("orders"), 0)
    for what, spec in {
        "earliest": OffsetSpec.earliest(),
        "latest": OffsetSpec.latest(),
        "at": OffsetSpec.for_timestamp(1_700_000_001_500),
        "never": OffsetSpec.for_timestamp(1_800_000_000_000),
    }.items():
        [found] = done(admin, "list_offsets", {place: spec})
        note(what, offset=found.offset, timestamp=found.timestamp)
    here, there = (TopicPartition(name("orders"), number) for number in (0, 7))
    for what, asked in {
        "nowhere": {there: OffsetSpec.latest()},
        "one of them": {here: OffsetSpec.latest(), there: OffsetSpec.latest()},
    }.items():
        futures = admin.list_offsets(asked)
        note(
            what,
            results=[
                outcome(lambda future=each: future.result(30).offset) for each in futures.values()
            ],
        )
    nobody = [TopicPartition(name("orders"), 7, 0)]
    note("records of nobody", result=outcome(lambda: done(admin, "delete_records", nobody)))
