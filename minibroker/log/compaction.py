"""What is left of a log when only each key's last value is kept.

Rule: this file computes what a cleaned log holds and changes nothing; `minibroker.log.log.Log` puts
it in place. It is the only file that asks for records' keys to drop records.

Theory. The segments before the active one that hold nothing at or above the last stable offset are
*cleanable*. Of all records in them, one stays if no later one among them has its key. A record with
a null value, a *tombstone*, stays for a time, so that a reader who is on its way learns that the
key is gone: when it is first cleaned its batch is given a *delete horizon*, which is
``delete.retention.ms`` from then, and the first cleaning at or after that drops it (KIP-534). What
an aborted transaction wrote is dropped and keeps nothing else away. The control batch of a
transaction goes like a tombstone, but only once a cleaning met none of the transaction's batches. A
batch that keeps no record goes, but for two that stay empty: the last one of each producer, which
says where its sequence goes on, and the last one cleaned (Kafka, "Design", Log Compaction; Kafka's
Cleaner).

The log's tail may therefore hold several values of a key, offsets have gaps, and no order changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from minibroker.log.aborted import Aborted
from minibroker.log.batch import Batch, Codec
from minibroker.log.config import TopicConfig
from minibroker.log.producers import Producers
from minibroker.log.segments import Segment


@dataclass(slots=True)
class Cleaned:
    """What is left. `horizons` are delete horizons (milliseconds) by the `base_offset` of their
    batch; `forgotten` are aborted transactions of which nothing is left to leave out."""

    batches: list[Batch] = field(default_factory=list)
    horizons: dict[int, int] = field(default_factory=dict)
    forgotten: list[Aborted] = field(default_factory=list)


def cleanable(
    segments: Sequence[Segment], config: TopicConfig, last_stable_offset: int, now_ms: int
) -> int:
    """How many segments may be cleaned, counted from the first."""
    count = 0
    for segment, following in pairwise(segments):
        if following.base_offset > last_stable_offset:
            break
        lag = config.min_compaction_lag_ms
        if lag > 0 and segment.max_timestamp > now_ms - lag:
            break
        count += 1
    return count


def is_due(segments: Sequence[Segment], config: TopicConfig, dirty_from: int, now_ms: int) -> bool:
    """Whether these cleanable segments are worth cleaning: for more than
    ``min.cleanable.dirty.ratio`` of their bytes were never cleaned, or one of those that were not
    is older than ``max.compaction.lag.ms`` (KIP-354)."""
    dirty = [segment for segment in segments if segment.base_offset >= dirty_from]
    if not any(segment.size for segment in dirty):
        return False
    if any(
        0 < segment.first_timestamp < now_ms - config.max_compaction_lag_ms for segment in dirty
    ):
        return True
    share = sum(segment.size for segment in dirty) / sum(segment.size for segment in segments)
    return share > config.min_cleanable_dirty_ratio


def grouped(segments: Iterable[Segment], segment_bytes: int) -> list[int]:
    """The base offsets of the segments that these are cleaned into: neighbours become one while
    they were no more than ``segment.bytes`` together."""
    bases: list[int] = []
    size = 0
    for segment in segments:
        size += segment.size
        if not bases or size > segment_bytes:
            bases.append(segment.base_offset)
            size = segment.size
    return bases


class _Transactions:
    """Follows the transactions along the log: which of its batches were aborted, and of which
    control batches nothing else was met."""

    def __init__(self, aborted: Iterable[Aborted]) -> None:
        self._ahead = sorted(aborted, key=lambda each: each.first_offset, reverse=True)
        self._aborted: dict[int, Aborted] = {}
        self._met: set[int] = set()

    def meets(self, batch: Batch) -> bool:
        """Take in a batch of records; whether it belongs to an aborted transaction."""
        self._reach(batch)
        if not batch.transactional:
            return False
        self._met.add(batch.producer_id)
        return batch.producer_id in self._aborted

    def ends(self, control: Batch) -> tuple[bool, Aborted | None]:
        """Take in a control batch; whether no batch of its transaction was met, and the
        transaction, if it was aborted."""
        self._reach(control)
        ended = self._aborted.pop(control.producer_id, None)
        alone = control.producer_id not in self._met
        self._met.discard(control.producer_id)
        return alone, ended

    def _reach(self, batch: Batch) -> None:
        while self._ahead and self._ahead[-1].first_offset <= batch.last_offset:
            began = self._ahead.pop()
            self._aborted[began.producer_id] = began


def cleaned(
    batches: Sequence[Batch],
    codec: Codec,
    config: TopicConfig,
    aborted: Sequence[Aborted],
    producers: Producers,
    horizons: dict[int, int],
    now_ms: int,
) -> Cleaned:
    """What is left of `batches`, which are all those of the cleanable segments; `aborted` are the
    transactions that overlap them, `horizons` those that an earlier cleaning gave."""
    latest = _latest(batches, codec, aborted)
    transactions = _Transactions(aborted)
    result = Cleaned()
    for batch in batches:
        stays = batch is batches[-1] or _is_last_of_producer(batch, producers)
        horizon = horizons.get(batch.base_offset)
        over = horizon is not None and horizon <= now_ms
        if batch.control is not None:
            alone, ended = transactions.ends(batch)
            if alone and ended is not None:
                result.forgotten.append(ended)
            if alone and over and not stays:
                continue
            left, fading = batch, alone
        elif transactions.meets(batch):
            if not stays:
                continue
            left, fading = _with(batch, codec, [], config), False
        else:
            kept: list[int] = []
            fading = False
            for entry in codec.entries(batch.payload):
                last = entry.key is not None and (
                    latest[entry.key] == batch.base_offset + entry.delta
                )
                if last and not (entry.tombstone and over):
                    kept.append(entry.delta)
                    fading = fading or entry.tombstone
            if not kept and not stays:
                continue
            left = batch if len(kept) == batch.records else _with(batch, codec, kept, config)
        result.batches.append(left)
        if horizon is not None:
            result.horizons[batch.base_offset] = horizon
        elif fading:
            result.horizons[batch.base_offset] = now_ms + config.delete_retention_ms
    return result


def _latest(
    batches: Sequence[Batch], codec: Codec, aborted: Sequence[Aborted]
) -> dict[bytes | None, int]:
    """The offset of each key's last record that was not aborted."""
    transactions = _Transactions(aborted)
    latest: dict[bytes | None, int] = {}
    for batch in batches:
        if batch.control is not None:
            transactions.ends(batch)
        elif not transactions.meets(batch):
            for entry in codec.entries(batch.payload):
                latest[entry.key] = batch.base_offset + entry.delta
    return latest


def _is_last_of_producer(batch: Batch, producers: Producers) -> bool:
    producer = producers.known.get(batch.producer_id)
    if producer is None:
        return False
    if producer.recent:
        return batch.last_offset == producer.recent[-1].last_offset
    # Its last deed was to end a transaction, and that control batch says which epoch fences.
    return batch.control is not None and batch.producer_epoch == producer.epoch


def _with(batch: Batch, codec: Codec, deltas: list[int], config: TopicConfig) -> Batch:
    """The batch with only these records. It spans the same offsets and sequence numbers."""
    payload, size = codec.kept(batch.payload, frozenset(deltas))
    newest = batch.max_timestamp
    if deltas and not config.append_time:
        newest = max(entry.timestamp for entry in codec.entries(payload))
    return replace(batch, payload=payload, records=len(deltas), size=size, max_timestamp=newest)
