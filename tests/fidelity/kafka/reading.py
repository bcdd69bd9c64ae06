"""Where a consumer reads, and in what order."""

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.fidelity.kafka_steps import places, reader, record, take, topic_made, writer
from tests.fidelity.scenario import after, scenario


def topic_with(kafka, topic, values, partitions=1):
    """A topic, and so many values round its partitions."""
    topic_made(AdminClient({"bootstrap.servers": kafka}), NewTopic(topic, partitions, 1))
    producer = Producer(writer(kafka))
    for number, value in enumerate(values):
        producer.produce(topic, value, partition=number % partitions)
    producer.flush()


@scenario("kafka", "records of one key come in the order they were sent, with offsets from 0")
def order_of_a_key(kafka, name, note):
    topic = name("orders")
    topic_with(kafka, topic, [])
    producer = Producer(writer(kafka))
    for number in range(6):
        producer.produce(topic, f"{number}", key="one" if number % 2 else "two")
    note("unsent", count=producer.flush())
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([topic])
    for message in take(consumer, 6):
        note("received", **record(message))
    consumer.close()


@scenario(
    "kafka", "what a killed member read and did not commit goes to the next one", ends="killed"
)
def dies(kafka, name, note):
    topic_with(kafka, name("orders"), ["one", "two", "three"])
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    one, two = take(consumer, 2)
    consumer.commit(one, asynchronous=False)
    note("received", values=[one.value(), two.value()])


@after(dies)
def takes_over(kafka, name, note):
    consumer = Consumer(reader(kafka, name("billing")))
    consumer.subscribe([name("orders")])
    for message in take(consumer, 2):
        note("received", **record(message))
    note("committed", places=places(consumer.committed([TopicPartition(name("orders"), 0)])))
    consumer.close()
