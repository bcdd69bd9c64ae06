"""What a lesson lets go wrong, as a real client meets it."""

import pytest
from confluent_kafka import KafkaError, Message, Producer

from minibroker.wire.kafka.running import Running


def sent(kafka: Running, values: list[bytes], **config: object) -> list[KafkaError | None]:
    """What became of each, in the words of the client."""
    reports: list[KafkaError | None] = []

    def report(error: KafkaError | None, message: Message) -> None:
        reports.append(error)

    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0, "linger.ms": 0, **config}
    )
    for value in values:
        producer.produce("orders", value, on_delivery=report)
        producer.flush(10)
    return reports


def stored(kafka: Running) -> int:
    """How many records there are."""
    return kafka.ask(lambda server: server.cluster.offset_for("orders", 0, -1)[0])


def test_an_indefinite_error_stores_the_record_of_a_plain_producer_twice(kafka: Running) -> None:
    kafka.fail("produce", close=True, skip=1)
    assert sent(kafka, [b"1", b"2"]) == [None, None]
    assert stored(kafka) == 3


def test_an_idempotent_producer_stores_it_once(kafka: Running) -> None:
    kafka.fail("produce", close=True, skip=1)
    assert sent(kafka, [b"1", b"2"], **{"enable.idempotence": True}) == [None, None]
    assert stored(kafka) == 2


def test_a_refused_request_was_never_worked_on(kafka: Running) -> None:
    kafka.fail("produce", refuse=True, skip=1)
    assert sent(kafka, [b"1", b"2"]) == [None, None]
    assert stored(kafka) == 2


def test_an_error_is_answered_and_changes_nothing(kafka: Running) -> None:
    kafka.fail("produce", error="MESSAGE_TOO_LARGE", skip=1)
    first, second = sent(kafka, [b"1", b"2"])
    assert first is None
    assert second is not None
    assert second.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert stored(kafka) == 1


def test_a_fault_that_is_none_is_refused(kafka: Running) -> None:
    with pytest.raises(ValueError, match="no request 'prodice'"):
        kafka.fail("prodice", close=True)
    with pytest.raises(ValueError, match="no error 'OOPS'"):
        kafka.fail("produce", error="OOPS")
    with pytest.raises(ValueError, match="does nothing"):
        kafka.fail("produce")


def test_healing_forgets_what_was_to_come(kafka: Running) -> None:
    kafka.fail("produce", error="MESSAGE_TOO_LARGE", times=100)
    kafka.heal()
    assert sent(kafka, [b"1"]) == [None]
