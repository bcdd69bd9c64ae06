"""What a topic may be called, where its replicas are put, and how its partitions are described.

Rule: plain functions of their arguments; nothing here has state.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from minibroker.log.errors import Code, LogError

LONGEST_NAME = 249
"""Characters, for a directory is named after a topic and its partition (Kafka's Topic class)."""

MOST_AT_ONCE = 10_000
"""New partitions in one request (Kafka's ReplicationControlManager)."""

_ALLOWED = re.compile(r"[a-zA-Z0-9._-]+")


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """What metadata tell of a partition: the broker that leads it (-1: none), in which leader
    epoch, the brokers that have replicas, the preferred leader first, those that are in sync, and
    those that may lead though they are not (KIP-966)."""

    number: int
    leader: int
    epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    elr: tuple[int, ...] = ()


def check_name(name: str, others: Iterable[str]) -> None:
    """LogError INVALID_TOPIC_EXCEPTION if a topic may not be called so; TOPIC_ALREADY_EXISTS if one
    of the others is. Names that differ in dots and underscores alone collide, since metrics are
    named after topics with the ones written as the others (Kafka, "kafka-topics.sh")."""
    if name in (".", "..") or len(name) > LONGEST_NAME or not _ALLOWED.fullmatch(name):
        raise LogError(
            Code.INVALID_TOPIC_EXCEPTION,
            f"a topic cannot be called {name!r}; use up to {LONGEST_NAME} letters, digits, dots, "
            "underscores and hyphens",
        )
    written = name.replace(".", "_")
    for other in others:
        if other == name:
            raise LogError(Code.TOPIC_ALREADY_EXISTS, f"there is a topic {name!r} already")
        if other.replace(".", "_") == written:
            raise LogError(
                Code.INVALID_TOPIC_EXCEPTION,
                f"topic {name!r} collides with {other!r}: they differ in dots and underscores only",
            )


def placed(
    partitions: Sequence[int],
    replication_factor: int,
    brokers: Sequence[int],
    chance: random.Random | None,
) -> list[list[int]]:
    """The brokers for each of these partitions, the preferred leader first. Leaders go round, from
    the first broker on or from one that is drawn, and followers are those that come next."""
    first = chance.randrange(len(brokers)) if chance is not None else 0
    return [
        [brokers[(first + number + step) % len(brokers)] for step in range(replication_factor)]
        for number in partitions
    ]


def check_together(partitions: Iterable[int]) -> None:
    """LogError POLICY_VIOLATION if one request asks for more new partitions than a controller makes
    at once; a number below 0 stands for the brokers' default (KAFKA-17870)."""
    total = sum(max(number, 0) for number in partitions)
    if total > MOST_AT_ONCE:
        raise LogError(
            Code.POLICY_VIOLATION,
            f"a request may ask for {MOST_AT_ONCE} new partitions, not {total}; ask several times",
        )


def check_size(partitions: int, replication_factor: int, brokers: int) -> None:
    """LogError INVALID_PARTITIONS, POLICY_VIOLATION or INVALID_REPLICATION_FACTOR."""
    if partitions < 1:
        raise LogError(
            Code.INVALID_PARTITIONS, f"a topic has one partition or more, not {partitions}"
        )
    check_together([partitions])
    if replication_factor < 1:
        raise LogError(
            Code.INVALID_REPLICATION_FACTOR,
            f"a partition has one replica or more, not {replication_factor}",
        )
    if replication_factor > brokers:
        raise LogError(
            Code.INVALID_REPLICATION_FACTOR,
            f"{replication_factor} replicas need as many brokers, and {brokers} are there",
        )
