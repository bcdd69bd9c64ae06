"""The simulator's records and their codec: a payload is a tuple of them, open to whoever looks.

>>> payload = (Record(0, b"order-1", b"42", 1_767_603_600_000),)
>>> RECORDS.entries(payload)[0].key
b'order-1'
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import cast

from minibroker.log.batch import Batch, Entry, Shown
from minibroker.sim.values import Value

OVERHEAD = 70
"""Bytes that a batch takes besides its records' keys, values and headers, about."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `delta` is its offset less the batch's `base_offset`, `timestamp` milliseconds
    of the clock on the wall, `headers` are ``[name, value]`` each (bytes or None)."""

    delta: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: list[Value] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes, about, as on the wire."""
        named = sum(len(str(part)) for pair in self.headers for part in cast("list[Value]", pair))
        return 10 + len(self.key or b"") + len(self.value or b"") + named


class RecordsCodec:
    """See `minibroker.log.batch.Codec`."""

    def entries(self, payload: object) -> Sequence[Entry]:
        """What compaction and looking up a time ask for."""
        return [
            Entry(record.delta, record.key, record.value is None, record.timestamp)
            for record in _records(payload)
        ]

    def shown(self, payload: object) -> Sequence[Shown]:
        """All of them, as they are."""
        return [Shown(record.key, record.value, record.headers) for record in _records(payload)]

    def kept(self, payload: object, deltas: Collection[int]) -> tuple[object, int]:
        """Those of these deltas."""
        kept = tuple(record for record in _records(payload) if record.delta in deltas)
        return kept, size(kept)


RECORDS = RecordsCodec()


def batch(records: Sequence[Record]) -> Batch:
    """A batch of records, not yet stamped; see `minibroker.log.batch.Batch` for what a producer
    with an id adds by `dataclasses.replace`."""
    return Batch(
        payload=tuple(records),
        records=len(records),
        size=size(records),
        first_timestamp=records[0].timestamp,
        max_timestamp=max(record.timestamp for record in records),
        last_delta=records[-1].delta,
    )


def size(records: Sequence[Record]) -> int:
    """Bytes of a batch, about."""
    return OVERHEAD + sum(record.size for record in records)


def _records(payload: object) -> tuple[Record, ...]:
    return cast("tuple[Record, ...]", payload)
