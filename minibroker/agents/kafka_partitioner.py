"""Which partition a record goes to, as librdkafka's partitioners decide (its CONFIGURATION.md,
``partitioner``).

>>> by_key("consistent_random", b"order-1", 6), by_key("murmur2_random", b"order-1", 6)
(1, 4)
"""

import random
import zlib

HASHED = ("consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random")
PARTITIONERS = ("random", *HASHED)


def by_key(partitioner: str, key: bytes | None, partitions: int) -> int | None:
    """The partition that the key alone decides, of so many; None when chance does. An empty key
    counts as none with ``consistent_random`` only."""
    name, _, rest = partitioner.partition("_")
    if name == "random" or (rest and (key is None or (name == "consistent" and not key))):
        return None
    data = key or b""
    if name == "consistent":
        return zlib.crc32(data) % partitions
    if name == "murmur2":
        return (murmur2(data) & 0x7FFFFFFF) % partitions
    return abs(_signed(fnv1a(data))) % partitions


class Sticky:
    """Records without a key go to one partition by chance for a while (KIP-480), `linger`
    microseconds, so that they fill a batch."""

    def __init__(self, chance: random.Random, linger: int) -> None:
        self._chance = chance
        self._linger = linger
        self._chosen: dict[str, tuple[int, int]] = {}

    def choose(self, topic: str, partitions: int, now: int) -> int:
        """The partition for a record without a key, at `now` (microseconds)."""
        chosen, until = self._chosen.get(topic, (partitions, 0))
        if chosen >= partitions or now >= until:
            chosen = self._chance.randrange(partitions)
            self._chosen[topic] = (chosen, now + self._linger)
        return chosen


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, with the seed that Kafka's Java client takes."""
    mix = 0x5BD1E995
    found = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * mix & _ALL
        word = (word ^ word >> 24) * mix & _ALL
        found = found * mix & _ALL ^ word
    if rest := data[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * mix & _ALL
    found = (found ^ found >> 13) * mix & _ALL
    return found ^ found >> 15


def fnv1a(data: bytes) -> int:
    """FNV-1a, 32 bits."""
    found = 0x811C9DC5
    for byte in data:
        found = (found ^ byte) * 0x01000193 & _ALL
    return found


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


_ALL = 0xFFFFFFFF
