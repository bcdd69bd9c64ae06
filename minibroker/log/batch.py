"""A record batch: a header that the engine reads and a payload that it never opens.

The payload is bytes from the wire, or a list of records from the simulator's client; a `Codec`
passed to the engine looks into it where the broker must (compaction, looking up a time).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from minibroker.sim.values import Value

NO_PRODUCER = -1


@dataclass(frozen=True, slots=True)
class Batch:
    """As in Kafka's "Record Batch" format. Offsets count records, times are milliseconds of the
    clock on the wall, `size` is bytes.

    `base_offset` and `leader_epoch` are stamped by the leader that appends it; before that both
    are -1. `last_delta` is the offset of its last record less that of its first; compaction may
    take records out between. `control` marks the end of a transaction: such a batch has one record,
    which no consumer is shown.
    """

    payload: object
    records: int
    size: int
    first_timestamp: int
    max_timestamp: int
    base_offset: int = -1
    last_delta: int = 0
    leader_epoch: int = -1
    producer_id: int = NO_PRODUCER
    producer_epoch: int = -1
    base_sequence: int = -1
    transactional: bool = False
    control: Literal["commit", "abort"] | None = None

    @property
    def last_offset(self) -> int:
        """The offset of its last record."""
        return self.base_offset + self.last_delta

    @property
    def next_offset(self) -> int:
        """The offset that follows its last record."""
        return self.base_offset + self.last_delta + 1

    @property
    def last_sequence(self) -> int:
        """The sequence number of its last record; it wraps to 0 after 2**31 - 1."""
        return (self.base_sequence + self.last_delta) % 2**31


@dataclass(frozen=True, slots=True)
class Entry:
    """What the broker must know of one record inside a payload: its offset less the batch's
    `base_offset`, its key (None: it has none), whether its value is null, and its timestamp."""

    delta: int
    key: bytes | None
    tombstone: bool
    timestamp: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as it stands in the trace; `headers` are ``[name, value]`` each."""

    key: bytes | None
    value: bytes | None
    headers: list[Value]


class Codec(Protocol):
    """Looks into payloads for the engine."""

    def entries(self, payload: object) -> Sequence[Entry]:
        """All records of a payload, in order."""

    def shown(self, payload: object) -> Sequence[Shown]:
        """What the trace may tell of each record; nothing of a payload that is not opened."""

    def kept(self, payload: object, deltas: Collection[int]) -> tuple[object, int]:
        """The payload with only the records of these deltas, which keep their offsets, and its
        size in bytes."""
