"""Releases that are older than the ones the course describes: they work, but prove nothing."""

import re

from ackademy.brokers.given import Address

OLDEST = {"Apache Kafka": (4, 0), "RabbitMQ": (4, 0), "Redis": (6, 2)}
"""Kafka 4 has no ZooKeeper, and KIP-848; RabbitMQ 4 no mirrored queues, and a delivery limit;
Redis 6.2 has XAUTOCLAIM."""

VERSION = re.compile(r"^(.+?) (\d+)\.(\d+)")


def note(address: Address) -> str | None:
    """A sentence on a broker that is too old to show what the course says of it."""
    found = VERSION.match(address.version)
    if not found or found[1] not in OLDEST:
        return None
    oldest = OLDEST[found[1]]
    if (int(found[2]), int(found[3])) >= oldest:
        return None
    return (
        f"{address.version} is older than {oldest[0]}.{oldest[1]}, from which on the course "
        "describes it: some of what you see will differ"
    )
