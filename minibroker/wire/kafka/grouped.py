"""Partitions as requests and responses have them: by topic, each topic once."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from minibroker.log.errors import Code
from minibroker.wire.kafka.call import Call

T = TypeVar("T")

Place = tuple[str, int]

FENCED_SINCE = 2
"""The version of AddPartitionsToTxn, AddOffsetsToTxn and EndTxn from which on clients know
PRODUCER_FENCED; of InitProducerId it is another (KIP-588)."""


def by_topic(places: Mapping[Place, T]) -> dict[str, list[tuple[int, T]]]:
    """What is said of each partition, by topic."""
    found: dict[str, list[tuple[int, T]]] = {}
    for (topic, partition), said in places.items():
        found.setdefault(topic, []).append((partition, said))
    return found


def numbers(places: Iterable[Place]) -> dict[str, tuple[int, ...]]:
    """The partitions of each topic."""
    every = by_topic(dict.fromkeys(places))
    return {topic: tuple(number for number, _ in its) for topic, its in every.items()}


def assigned(call: Call, places: Iterable[Place]) -> Any:
    """What a member of the newer protocol has, by the ids of topics. One that was deleted has none;
    the member gives it up with its next heartbeat."""
    types, there = call.types, set(call.cluster.topics())
    return types.Assignment(
        topic_partitions=tuple(
            types.TopicPartitions(
                topic_id=call.cluster.topic_id(name), topic_name=name, partitions=its
            )
            for name, its in numbers(places).items()
            if name in there
        )
    )


def fenced(code: Code, version: int) -> Code:
    """This error as a client knows it that asks for something of a transaction."""
    if code is Code.PRODUCER_FENCED and version < FENCED_SINCE:
        return Code.INVALID_PRODUCER_EPOCH
    return code
