"""What the trace tells of a real client's session, and the timeline that is drawn of it."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from graders.timeline import build_of
from graders.timeline_text import text
from minibroker.sim.trace import Appended, Event, OffsetsCommitted, Polled, Trace
from minibroker.wire.kafka.running import Running, start
from tests.wire.kafka.waiting import soon

PATIENCE = 8.0


@pytest.fixture
def kafka() -> Iterator[Running]:
    with start(trace=Trace()) as running:
        yield running


def events(kafka: Running) -> list[Event]:
    return kafka.ask(lambda server: list(server.trace))


def polled(kafka: Running) -> list[Polled]:
    return [each for each in events(kafka) if isinstance(each, Polled)]


def produce(kafka: Running, *values: bytes, **config: object) -> Producer:
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "client.id": "storefront", "linger.ms": 200}
        | config
    )
    if "transactional.id" not in config:
        for value in values:
            producer.produce("orders", value)
        producer.flush(PATIENCE)
    return producer


def consumer(kafka: Running, group: str, who: str, **config: object) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "client.id": who,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "fetch.wait.max.ms": 50,
            **config,
        }
    )


def read(client: Consumer, count: int) -> list[bytes | None]:
    return [each.value() for each in client.consume(count, PATIENCE)]


def test_a_session_of_real_clients_is_drawn(kafka: Running) -> None:
    produce(kafka, b'{"id": "order-1"}', b'{"id": "order-2"}')
    with closing(consumer(kafka, "fulfilment", "worker")) as worker:
        worker.subscribe(["orders"])
        assert len(read(worker, 2)) == 2
        worker.commit(asynchronous=False)
    soon(lambda: "leaves" in kafka.ask(lambda server: text(build_of(server.trace))))
    drawn = kafka.ask(lambda server: text(build_of(server.trace)))
    told = " ".join(drawn.split())  # a row may go on in the next line
    assert "0.000 storefront → orders/0 append order-1 (offset 0)" in told
    assert "fulfilment, generation 1: worker has orders/0" in told
    assert "orders/0 → worker poll order-1 (offset 0), order-2 (offset 1)" in told
    assert "worker → orders/0 commit offset 2 for fulfilment" in told
    assert "worker leaves fulfilment" in told


def test_a_reader_of_no_group_is_of_none(kafka: Running) -> None:
    produce(kafka, b"1")
    with closing(consumer(kafka, "never-joined", "reader")) as reader:
        reader.assign([TopicPartition("orders", 0, 0)])
        assert read(reader, 1) == [b"1"]
    [event] = polled(kafka)
    assert (event.who, event.group, event.topic, event.partition, event.offset) == (
        "reader", "", "orders", 0, 0,
    )  # fmt: skip
    [appended] = [each for each in events(kafka) if isinstance(each, Appended)]
    assert event.message == appended.message


def test_a_reader_that_has_committed_is_of_that_group(kafka: Running) -> None:
    produce(kafka, b"1")
    with closing(consumer(kafka, "billing", "reader")) as reader:
        reader.assign([TopicPartition("orders", 0, 0)])
        assert read(reader, 1) == [b"1"]
        reader.commit(asynchronous=False)
        produce(kafka, b"2")
        assert read(reader, 1) == [b"2"]
    assert [each.group for each in polled(kafka)] == ["", "billing"]
    assert [e.group for e in events(kafka) if isinstance(e, OffsetsCommitted)] == ["billing"]


def test_two_groups_are_told_apart_by_their_clients(kafka: Running) -> None:
    produce(kafka, b"1")
    for group in ("billing", "shipping"):
        with closing(consumer(kafka, group, f"{group}-1")) as one:
            one.subscribe(["orders"])
            assert read(one, 1) == [b"1"]
    assert [(each.who, each.group) for each in polled(kafka)] == [
        ("billing-1", "billing"),
        ("shipping-1", "shipping"),
    ]


def test_what_the_library_leaves_out_was_not_polled(kafka: Running) -> None:
    produce(kafka, b"1")
    producer = produce(kafka, **{"transactional.id": "biller"})
    producer.init_transactions(PATIENCE)
    for value, end in ((b"2", producer.abort_transaction), (b"3", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce("orders", value)
        producer.flush(PATIENCE)
        end(PATIENCE)
    with closing(consumer(kafka, "g", "careful")) as careful:
        careful.assign([TopicPartition("orders", 0, 0)])
        assert read(careful, 2) == [b"1", b"3"]
    assert [each.offset for each in polled(kafka)] == [0, 3]
    with closing(consumer(kafka, "g", "hasty", **{"isolation.level": "read_uncommitted"})) as hasty:
        hasty.assign([TopicPartition("orders", 0, 0)])
        assert read(hasty, 3) == [b"1", b"2", b"3"]
    assert [each.offset for each in polled(kafka) if each.who == "hasty"] == [0, 1, 3]


def test_of_a_batch_only_what_was_asked_for_is_polled(kafka: Running) -> None:
    produce(kafka, b"1", b"2", b"3")
    with closing(consumer(kafka, "g", "reader")) as reader:
        reader.assign([TopicPartition("orders", 0, 2)])
        assert read(reader, 1) == [b"3"]
    assert [each.offset for each in polled(kafka)] == [2]


def test_an_answer_that_was_never_sent_hands_nothing_out(kafka: Running) -> None:
    produce(kafka, b"1")
    kafka.fail("fetch", close=True)
    with closing(consumer(kafka, "g", "reader")) as reader:
        reader.assign([TopicPartition("orders", 0, 0)])
        assert read(reader, 1) == [b"1"]
    assert len(polled(kafka)) == 1


def test_without_a_trace_nothing_is_kept() -> None:
    with start() as kafka:
        produce(kafka, b"1")
        with closing(consumer(kafka, "g", "reader")) as reader:
            reader.subscribe(["orders"])
            assert read(reader, 1) == [b"1"]
        assert kafka.ask(lambda server: (server.handed, len(server.trace))) == (None, 0)
