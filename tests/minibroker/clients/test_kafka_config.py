"""A configuration is read as the real library reads it, which is asked the same here."""

from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaException

from minibroker.clients import NotInSubset
from minibroker.clients import kafka_config as config
from minibroker.clients.kafka_config import ADDRESS, Property

HERE = {"bootstrap.servers": ADDRESS}
KNOWN = [*config._SIMULATED.values(), *config._PLAIN.values()]


def refused(make: Any, *args: Any) -> tuple[str, int, str]:
    """How it is refused: the exception, and the code and the text of its `KafkaError`."""
    with pytest.raises((KafkaException, ValueError, TypeError)) as caught:
        make(*args)
    first = caught.value.args[0]
    if isinstance(first, str):
        return type(caught.value).__name__, 0, first
    return type(caught.value).__name__, first.code(), first.str()


def ours(who: Any, given: dict[Any, Any]) -> Any:
    chosen = config.split(who, (given,), {})
    config.callbacks(chosen)
    return config.settings(who, chosen)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_a_value_that_a_property_cannot_have_is_refused_in_librdkafkas_words(
    known: Property,
) -> None:
    wrong: dict[str, list[Any]] = {
        "int": [known.high + 1, known.low - 1, "many", "0x80000001", None, "", True],
        "float": [known.high + 1, known.low - 1, "many", None],
        "enum": ["neither", None],
        "bool": ["perhaps", 2, None],
        "str": [],
    }
    for value in wrong[known.kind]:
        value = int(value) if isinstance(value, float) else value
        given = {**HERE, "group.id": "g", known.name: value}
        assert refused(ours, "producer", given) == refused(confluent_kafka.Producer, given), value


@pytest.mark.parametrize(
    "given",
    [
        {"foo": 1},
        {1: 2},
        {"on_commit": print},
        {"enable.idempotence": True, "acks": 1},
        {"enable.idempotence": True, "acks": "0"},
        {"enable.idempotence": True, "max.in.flight": 10},
        {"enable.idempotence": "T", "retries": 0},
        {"transactional.id": "a", "enable.idempotence": False},
        {"transactional.id": "a", "acks": 1},
        {"transactional.id": "a", "message.timeout.ms": 100_000},
        {"delivery.timeout.ms": 10, "linger.ms": 100},
        {"partitioner": "nearest"},
        {"error_cb": 3},
        {"on_delivery": 3},
        {"default.topic.config": {"acks": "some"}},
    ],
    ids=str,
)
def test_a_producers_properties_are_held_against_each_other_as_there(given: dict[Any, Any]) -> None:
    given = HERE | given

    def make(given: dict[Any, Any]) -> None:
        chosen = config.split("Producer", (given,), {})
        if "on_commit" in config.callbacks(chosen):
            config.invalid('No such configuration property: "on_commit"')
        config.settings("producer", chosen)

    assert refused(make, given) == refused(confluent_kafka.Producer, given)


@pytest.mark.parametrize("given", [{}, {"group.id": "g", "max.poll.interval.ms": 10_000}], ids=str)
def test_a_consumers_too(given: dict[str, Any]) -> None:
    given = HERE | given
    assert refused(ours, "consumer", given) == refused(confluent_kafka.Consumer, given)


@pytest.mark.parametrize("args", [(), (3,), (HERE, {"client.id": "a"})], ids=str)
def test_what_is_no_configuration_is_no_argument(args: Any) -> None:
    def split(*args: Any) -> None:
        config.split("Producer", args, {})

    assert refused(split, *args) == refused(confluent_kafka.Producer, *args)


def test_what_was_not_given_has_librdkafkas_default() -> None:
    found = ours("producer", HERE)
    assert found["queue.buffering.max.ms"] == 5
    assert found["request.required.acks"] == -1
    assert found["enable.idempotence"] is False
    assert found["message.timeout.ms"] == 300_000
    assert "session.timeout.ms" not in found
    assert ours("consumer", HERE | {"group.id": "g"})["isolation.level"] == "read_committed"


def test_a_transactional_id_brings_idempotence_and_an_earlier_timeout() -> None:
    found = ours("producer", HERE | {"transactional.id": "a", "transaction.timeout.ms": 7_000})
    assert found["enable.idempotence"] is True
    assert found["max.in.flight.requests.per.connection"] == 5
    assert found["message.timeout.ms"] == 7_000


def test_a_second_name_means_the_first() -> None:
    found = ours("producer", HERE | {"linger.ms": 20, "acks": "all", "compression.type": "zstd"})
    assert found["queue.buffering.max.ms"] == 20
    assert found["request.required.acks"] == -1
    assert found["metadata.broker.list"] == ADDRESS


@pytest.mark.parametrize("name", ["sasl.username", "ssl.ca.location", "statistics.interval.ms"])
def test_what_librdkafka_has_and_the_simulation_has_not_is_named(name: str) -> None:
    with pytest.raises(NotInSubset, match=f"the property '{name}' is not simulated here"):
        ours("producer", HERE | {name: 7})


def test_what_holds_anyway_may_be_said() -> None:
    ours("producer", HERE | {"security.protocol": "PLAINTEXT", "statistics.interval.ms": 0})


@pytest.mark.parametrize("given", [{}, {"bootstrap.servers": "localhost:9092"}], ids=str)
def test_a_cluster_that_is_not_there_is_said_to_be_not_there(given: dict[str, str]) -> None:
    with pytest.raises(NotInSubset, match=r"set bootstrap\.servers to the address"):
        ours("producer", given)
