"""Partitions as requests and responses have them: by topic, each topic once."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from minibroker.log.errors import Code

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


def fenced(code: Code, version: int) -> Code:
    """This error as a client knows it that asks for something of a transaction."""
    if code is Code.PRODUCER_FENCED and version < FENCED_SINCE:
        return Code.INVALID_PRODUCER_EPOCH
    return code
