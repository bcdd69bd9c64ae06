"""What a producer is told of its records."""

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import error, outcome, reader, take, topic_made, writer
from tests.fidelity.scenario import scenario


def topic(kafka, name, partitions=1, **config):
    """A topic."""
    admin = AdminClient({"bootstrap.servers": kafka})
    topic_made(admin, NewTopic(name, partitions, 1, config=config))


@scenario("kafka", "the partitioners put a key where librdkafka's put it")
def partitioners(kafka, name, note):
    topic(kafka, name("orders"), 6)
    keys = ["order-1", "order-2", "order-3", "a", "key with ü", "0123456789" * 3]
    for partitioner in ("consistent_random", "murmur2_random", "fnv1a", "consistent", "murmur2"):
        found = []

        def told(problem, message, found=found):
            found.append(message.partition())

        producer = Producer(writer(kafka, partitioner=partitioner))
        # an empty key is none to consistent_random
        for key in keys if partitioner == "consistent_random" else [*keys, ""]:
            producer.produce(name("orders"), "v", key, on_delivery=told)
            producer.flush(30)
        note(partitioner, partitions=found)


@scenario("kafka", "delivery reports come in order, with partition and offset")
def reports(kafka, name, note):
    topic(kafka, name("orders"))
    producer = Producer(writer(kafka))

    def told(problem, message):
        note(
            "report",
            error=error(problem),
            value=message.value(),
            partition=message.partition(),
            offset=message.offset(),
        )

    for number in range(3):
        producer.produce(name("orders"), f"{number}", on_delivery=told)
    note("in the queue", count=len(producer))
    note("flushed", left=producer.flush(30))
    note("in the queue", count=len(producer))


@scenario("kafka", "acks=0 and acks=1: what a report knows")
def acks(kafka, name, note):
    topic(kafka, name("orders"))
    for wanted in (0, 1, -1):
        producer = Producer(writer(kafka, acks=wanted))
        told = lambda problem, message: note(  # noqa: E731
            "report", error=error(problem), offset=message.offset()
        )
        producer.produce(name("orders"), "one", on_delivery=told)
        producer.flush(30)


@scenario("kafka", "a partition that is not there, and a topic's first record")
def unknown(kafka, name, note):
    topic(kafka, name("orders"), 2)
    producer = Producer(writer(kafka, message_timeout_ms=3000))

    def told(problem, message):
        where = {"partition": message.partition(), "offset": message.offset()}
        note("report", error=error(problem), **where)

    def sent(partition):
        return outcome(
            lambda: producer.produce(name("orders"), "v", partition=partition, on_delivery=told)
        )

    for partition in (1, 7, -5):
        note("asked", partition=partition, result=sent(partition))
        producer.flush(30)
    producer.produce(name("made"), "v", on_delivery=told)
    producer.flush(30)


@scenario(
    "kafka", "a record that is too large: for the client at once, for the broker in the report"
)
def too_large(kafka, name, note):
    topic(kafka, name("orders"), 1, **{"max.message.bytes": "1000"})
    producer = Producer(writer(kafka))
    note("client", result=outcome(lambda: producer.produce(name("orders"), b"x" * 1_000_001)))

    def told(problem, message):
        note("broker", error=error(problem), offset=message.offset())

    producer.produce(name("orders"), b"x" * 2000, on_delivery=told)
    producer.flush(30)
    producer.produce(name("orders"), b"x" * 500, on_delivery=told)
    producer.flush(30)


@scenario("kafka", "min.insync.replicas counts no more replicas than a partition has")
def effective_min_isr(kafka, name, note):
    topic(kafka, name("orders"), 1, **{"min.insync.replicas": "2"})

    def told(problem, message):
        note("report", error=error(problem))

    producer = Producer(writer(kafka, message_timeout_ms=5000, retries=0))
    producer.produce(name("orders"), "one", on_delivery=told)
    producer.flush(30)
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.assign([TopicPartition(name("orders"), 0, 0)])
    note("received", values=[each.value() for each in take(consumer, 1)])
    consumer.close()


@scenario("kafka", "an idempotent producer: its order, its offsets, and what it cannot be told")
def idempotent(kafka, name, note):
    topic(kafka, name("orders"))
    producer = Producer(writer(kafka, enable_idempotence=True))
    told = lambda problem, message: note("report", error=error(problem), offset=message.offset())  # noqa: E731
    for number in range(5):
        producer.produce(name("orders"), f"{number}", on_delivery=told)
    producer.flush(30)
    for settings in (
        {"acks": 1},
        {"max_in_flight": 6},
        {"retries": 0},
    ):
        made = outcome(lambda s=settings: Producer(writer(kafka, enable_idempotence=True, **s)))
        refused = isinstance(made, dict)
        note("refused", settings=settings, code=made["code"] if refused else None)
