"""kafka-python with three brokers, of which one after the other is away for a while."""

import time
from collections import defaultdict

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from minibroker.wire.kafka.running import Running
from tests.wire.kafka.stopping import PARTITIONS, check, round_robin
from tests.wire.kafka.waiting import make_topic, until

TOPIC = "orders"


def test_nothing_that_was_acked_is_lost_and_order_is_kept(three_brokers: Running) -> None:
    make_topic(three_brokers, TOPIC, PARTITIONS, 3)
    acked: dict[int, list[int]] = defaultdict(list)
    failed: list[BaseException] = []
    numbers = iter(range(1_000_000))
    sent = 0
    producer = KafkaProducer(
        bootstrap_servers=three_brokers.bootstrap_servers,
        acks="all",
        retry_backoff_ms=20,
        reconnect_backoff_ms=20,
        reconnect_backoff_max_ms=100,
    )

    def written() -> int:
        assert not failed
        return sum(map(len, acked.values()))

    def write() -> None:
        nonlocal sent
        if sent - written() > 100:
            time.sleep(0.002)
            return
        number = next(numbers)
        place = number % PARTITIONS
        future = producer.send(TOPIC, str(number).encode(), partition=place)
        future.add_callback(lambda _: acked[place].append(number))
        future.add_errback(failed.append)
        sent += 1

    round_robin(three_brokers, written, write)
    producer.flush(10)
    producer.close(timeout=2)
    assert written() == sent

    read: dict[int, list[int]] = defaultdict(list)
    consumer = KafkaConsumer(
        bootstrap_servers=three_brokers.bootstrap_servers, auto_offset_reset="earliest"
    )
    consumer.assign([TopicPartition(TOPIC, number) for number in range(PARTITIONS)])

    def look() -> None:
        for place, records in consumer.poll(timeout_ms=1_000).items():
            read[place.partition].extend(int(each.value) for each in records)

    until(lambda: sum(map(len, read.values())) >= sent, look, "all records read")
    consumer.close()
    check(acked, read)
