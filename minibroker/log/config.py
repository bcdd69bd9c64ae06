"""A topic's configuration: which names there are, what they may be set to, and what is used unset.

Rule: all that is said about a configuration's name is said in `SETTINGS`. Names, types, bounds and
defaults are those of Kafka's "Topic Configs" (4.2; defaults as KIP-1030 changed them). Settings
whose effect this broker has no use for (flushing, index sizes, compression on the broker) are
checked and kept as well, so that a topic may be made here as on a real cluster.

>>> parsed({"retention.ms": "60000"}).retention_ms
60000
>>> parsed({"retention.ms": "a week"})
Traceback (most recent call last):
  ...
minibroker.log.errors.LogError: retention.ms must be a whole number, not 'a week'
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum

from minibroker.log.errors import Code, LogError
from minibroker.log.terms import LARGEST

HOUR, DAY = 3_600_000, 86_400_000
MEBIBYTE = 2**20
LARGEST_INT = 2**31 - 1


class Source(IntEnum):
    """Where a value comes from (``DescribeConfigsResponse.ConfigSource``)."""

    TOPIC = 1
    CLUSTER = 3
    STATIC_BROKER = 4
    DEFAULT = 5


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """What a topic's partitions do with their records. Spans are milliseconds, sizes bytes; a
    retention of -1 is without end. `given` are the names that were set, as text."""

    compact: bool = False
    delete: bool = True
    retention_ms: int = 7 * DAY
    retention_bytes: int = -1
    segment_bytes: int = 1024 * MEBIBYTE
    segment_ms: int = 7 * DAY
    delete_retention_ms: int = DAY
    min_compaction_lag_ms: int = 0
    max_compaction_lag_ms: int = LARGEST
    min_cleanable_dirty_ratio: float = 0.5
    min_insync_replicas: int = 1
    unclean_leader_election: bool = False
    max_message_bytes: int = MEBIBYTE + 12
    append_time: bool = False
    timestamp_before_max_ms: int = LARGEST
    timestamp_after_max_ms: int = HOUR
    given: tuple[tuple[str, str], ...] = ()

    @property
    def longest_segment_ms(self) -> int:
        """How long a segment is appended to; compaction with a longest lag needs it closed."""
        return min(self.segment_ms, self.max_compaction_lag_ms) if self.compact else self.segment_ms


DEFAULT = TopicConfig()


class Kind(IntEnum):
    """What a setting's text stands for, as DescribeConfigs tells it."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    LONG = 5
    DOUBLE = 6
    LIST = 7


@dataclass(frozen=True, slots=True)
class _Whole:
    lowest: int
    highest: int = LARGEST

    def __call__(self, text: str) -> int:
        try:
            number = int(text.strip())
        except ValueError:
            raise ValueError("a whole number") from None
        if number < self.lowest:
            raise ValueError(f"at least {self.lowest}")
        if number > self.highest:
            raise ValueError(f"at most {self.highest}")
        return number


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError("a number between 0 and 1")
    return number


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


def _policy(text: str) -> frozenset[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not {"compact", "delete"}.issuperset(words):
        raise ValueError("delete, compact or both with a comma between")
    return frozenset(words)


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValueError("true or false")
    return word == "true"


def _list(text: str) -> str:
    return text


INTEGER = _Whole(0, LARGEST_INT)

SETTINGS: dict[str, tuple[str, Callable[[str], object], str]] = {
    # name: (field of TopicConfig, or none; how its text is read; default as text)
    "cleanup.policy": ("", _policy, "delete"),
    "compression.gzip.level": ("", _Whole(-1, 9), "-1"),
    "compression.lz4.level": ("", _Whole(1, 17), "9"),
    "compression.type": (
        "",
        _one_of("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
        "producer",
    ),
    "compression.zstd.level": ("", _Whole(-131072, 22), "3"),
    "delete.retention.ms": ("delete_retention_ms", _Whole(0), str(DAY)),
    "file.delete.delay.ms": ("", _Whole(0), "60000"),
    "flush.messages": ("", _Whole(1), str(LARGEST)),
    "flush.ms": ("", _Whole(0), str(LARGEST)),
    "follower.replication.throttled.replicas": ("", _list, ""),
    "index.interval.bytes": ("", INTEGER, "4096"),
    "leader.replication.throttled.replicas": ("", _list, ""),
    "max.compaction.lag.ms": ("max_compaction_lag_ms", _Whole(1), str(LARGEST)),
    "max.message.bytes": ("max_message_bytes", INTEGER, str(MEBIBYTE + 12)),
    "message.timestamp.after.max.ms": ("timestamp_after_max_ms", _Whole(0), str(HOUR)),
    "message.timestamp.before.max.ms": ("timestamp_before_max_ms", _Whole(0), str(LARGEST)),
    "message.timestamp.type": ("", _one_of("CreateTime", "LogAppendTime"), "CreateTime"),
    "min.cleanable.dirty.ratio": ("min_cleanable_dirty_ratio", _share, "0.5"),
    "min.compaction.lag.ms": ("min_compaction_lag_ms", _Whole(0), "0"),
    "min.insync.replicas": ("min_insync_replicas", _Whole(1, LARGEST_INT), "1"),
    "preallocate": ("", _truth, "false"),
    "retention.bytes": ("retention_bytes", _Whole(-LARGEST), "-1"),
    "retention.ms": ("retention_ms", _Whole(-1), str(7 * DAY)),
    "segment.bytes": ("segment_bytes", _Whole(MEBIBYTE, LARGEST_INT), str(1024 * MEBIBYTE)),
    "segment.index.bytes": ("", _Whole(4, LARGEST_INT), str(10 * MEBIBYTE)),
    "segment.jitter.ms": ("", _Whole(0), "0"),
    "segment.ms": ("segment_ms", _Whole(1), str(7 * DAY)),
    "unclean.leader.election.enable": ("unclean_leader_election", _truth, "false"),
}

_KINDS: dict[Callable[[str], object], Kind] = {
    _truth: Kind.BOOLEAN,
    _share: Kind.DOUBLE,
    _policy: Kind.LIST,
    _list: Kind.LIST,
}

INTERNAL_SEGMENT_BYTES = "internal.segment.bytes"
"""Kafka's own way to test with segments under a mebibyte; not shown to who describes a topic."""


def parsed(given: Mapping[str, str]) -> TopicConfig:
    """The configuration of a topic for which these were set; LogError INVALID_CONFIG names the one
    that is wrong."""
    if not given:
        return DEFAULT
    found: dict[str, object] = {}
    for name, text in given.items():
        if name == INTERNAL_SEGMENT_BYTES:
            continue
        value = _read(name, text, SETTINGS[checked(name)][1])
        if name == "cleanup.policy":
            assert isinstance(value, frozenset)
            found |= {"compact": "compact" in value, "delete": "delete" in value}
        elif name == "message.timestamp.type":
            found["append_time"] = value == "LogAppendTime"
        elif SETTINGS[name][0]:
            found[SETTINGS[name][0]] = value
    if INTERNAL_SEGMENT_BYTES in given:
        found["segment_bytes"] = _read(
            INTERNAL_SEGMENT_BYTES, given[INTERNAL_SEGMENT_BYTES], _Whole(1, LARGEST_INT)
        )
    config = TopicConfig(**found, given=tuple(sorted(given.items())))  # type: ignore[arg-type]
    if config.min_compaction_lag_ms > config.max_compaction_lag_ms:
        raise LogError(
            Code.INVALID_CONFIG,
            f"min.compaction.lag.ms is {config.min_compaction_lag_ms}, which is more than "
            f"max.compaction.lag.ms, {config.max_compaction_lag_ms}",
        )
    return config


def described(config: TopicConfig) -> dict[str, str]:
    """All names but internal ones with what is in force, as text, as DescribeConfigs tells."""
    given = dict(config.given)
    return {name: given.get(name, default) for name, (_, _, default) in SETTINGS.items()}


def source(name: str, given: Mapping[str, str]) -> Source:
    """Where the value of a topic's setting is from, `given` being those that were set for it. A new
    cluster has ``min.insync.replicas`` among its own settings (KIP-966)."""
    if name in given:
        return Source.TOPIC
    return Source.CLUSTER if name == "min.insync.replicas" else Source.DEFAULT


def kind(name: str) -> Kind:
    """What the text of a setting stands for; LogError INVALID_CONFIG."""
    read = SETTINGS[checked(name)][1]
    if isinstance(read, _Whole):
        return Kind.INT if read.highest <= LARGEST_INT else Kind.LONG
    return _KINDS.get(read, Kind.STRING)


def checked(name: str) -> str:
    """The name, if there is a setting of that name; LogError INVALID_CONFIG."""
    if name not in SETTINGS:
        near = difflib.get_close_matches(name, SETTINGS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise LogError(Code.INVALID_CONFIG, f"there is no topic config {name!r}{hint}")
    return name


def _read(name: str, text: str, read: Callable[[str], object]) -> object:
    try:
        return read(text)
    except ValueError as wanted:
        raise LogError(Code.INVALID_CONFIG, f"{name} must be {wanted}, not {text!r}") from None


assert {field for field, _, _ in SETTINGS.values() if field} <= {
    field.name for field in fields(TopicConfig)
}
