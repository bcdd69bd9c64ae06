"""One replica of one partition: an append-only list of batches, read by offset.

Rule: all state of a replica is in `Log`, and no other object changes it; what a log knows of
producers, aborted transactions, leader epochs and segments is kept by the files of those names.
This file does not know whether it is a leader's log or a follower's, nor what the other replicas
have: who replicates tells it, by `append_as_follower`, `advance_high_watermark` and `truncate`.

Theory. An offset is a record's place, given by the leader and never given again; `end` is the next
one to give. Offsets below the *high watermark* are on all replicas in sync, and only they are shown
to consumers (Kafka, "Design", Replication). Offsets below the *last stable offset* belong to no
transaction that is open, or that was ended by a control batch which is not below the high watermark
itself, and only they are shown to a ``read_committed`` consumer (KIP-98). `start` is the first
offset that may still be read: deleting records and retention move it up.

Batches stay as they were appended, in one list; their next offsets stand in a second one beside it,
which is what a read bisects. Compaction takes records out of batches and whole batches out of the
list; offsets never change, so a batch may begin later than the one before it ends.

What producers did is derived from the batches. When batches are deleted, what they said of
producers is kept in a base that the rest is replayed upon when the log is truncated, since a
producer outlives its records (KIP-360).
"""

from bisect import bisect_right

from minibroker.log import retention
from minibroker.log import segments as log_segments
from minibroker.log.aborted import Aborted, AbortedIndex
from minibroker.log.batch import Batch, Codec
from minibroker.log.config import DEFAULT, TopicConfig
from minibroker.log.epochs import Epochs
from minibroker.log.errors import Code, LogError
from minibroker.log.producers import Producers
from minibroker.log.segments import Segment
from minibroker.log.terms import LARGEST


class Log:
    """See the module's docstring. All offsets count records; `high_watermark` is read by all and
    moved by `advance_high_watermark` and `truncate` alone; `config` may be set anew at any time."""

    __slots__ = (
        "_aborted",
        "_base",
        "_base_offset",
        "_batches",
        "_codec",
        "_first_unstable",
        "_nexts",
        "_segments",
        "_unreplicated",
        "config",
        "end",
        "epochs",
        "high_watermark",
        "producers",
        "start",
    )

    def __init__(self, codec: Codec, config: TopicConfig = DEFAULT) -> None:
        self.config = config
        self.epochs = Epochs()
        self._codec = codec
        self.start_anew(0)

    def start_anew(self, offset: int) -> None:
        """Forget everything; the next offset is `offset`. So does a follower whose leader's log
        starts after its own ends."""
        self.start = self.end = self.high_watermark = offset
        self.producers = Producers()
        self.epochs.clear()
        self._batches: list[Batch] = []
        self._nexts: list[int] = []
        self._segments = [Segment(offset)]
        self._aborted = AbortedIndex()
        self._base, self._base_offset = Producers(), offset
        # Transactions that ended at or above the high watermark: first offset, control batch's.
        self._unreplicated: list[tuple[int, int]] = []
        self._first_unstable: int | None = None

    # --- appending -------------------------------------------------------------------------

    def append(self, batch: Batch, leader_epoch: int, now_ms: int) -> Batch:
        """Append as the leader in `leader_epoch`; gives the batch as it stands in the log.

        Raises `minibroker.log.producers.Duplicate` if it stands there already, and LogError
        MESSAGE_TOO_LARGE, INVALID_TIMESTAMP (over ``message.timestamp.after.max.ms`` ahead, or
        ``...before.max.ms`` behind), INVALID_RECORD (no key, in a compacted topic) or what
        `minibroker.log.producers.Producers.check` refuses.
        """
        first_timestamp, max_timestamp = batch.first_timestamp, batch.max_timestamp
        if batch.control is None:
            config = self.config
            if batch.size > config.max_message_bytes:
                raise LogError(
                    Code.MESSAGE_TOO_LARGE,
                    f"the batch has {batch.size} bytes, and the topic's max.message.bytes is "
                    f"{config.max_message_bytes}",
                )
            if config.append_time:
                first_timestamp = max_timestamp = now_ms
            elif max_timestamp - now_ms > config.timestamp_after_max_ms:
                raise LogError(
                    Code.INVALID_TIMESTAMP,
                    f"a record is stamped {max_timestamp - now_ms} ms ahead of the broker's clock, "
                    "and the topic's message.timestamp.after.max.ms is "
                    f"{config.timestamp_after_max_ms}",
                )
            if config.compact or config.timestamp_before_max_ms != LARGEST:
                self._check_entries(batch, now_ms)
        if batch.producer_id >= 0:
            self.producers.check(batch)
        if self.epochs.latest != leader_epoch:
            self.epochs.assign(leader_epoch, self.end)
        # By position: `dataclasses.replace` would take twice the time of all the rest.
        stamped = Batch(
            batch.payload,
            batch.records,
            batch.size,
            first_timestamp,
            max_timestamp,
            self.end,
            batch.last_delta,
            leader_epoch,
            batch.producer_id,
            batch.producer_epoch,
            batch.base_sequence,
            batch.transactional,
            batch.control,
        )
        self._put(stamped)
        return stamped

    def append_as_follower(self, batch: Batch) -> None:
        """Append a batch as the leader stamped it. Offsets may be left out, where the leader's log
        was compacted."""
        if batch.base_offset < self.end:
            raise ValueError(f"offset {batch.base_offset} comes after {self.end}; truncate first")
        if self.epochs.latest != batch.leader_epoch:
            self.epochs.assign(batch.leader_epoch, batch.base_offset)
        self._put(batch)

    def _put(self, batch: Batch) -> None:
        segment = self._segments[-1]
        if segment.is_full_for(batch, self.config):
            segment = Segment(batch.base_offset)
            self._segments.append(segment)
        segment.add(batch)
        self._batches.append(batch)
        self.end = batch.base_offset + batch.last_delta + 1
        self._nexts.append(self.end)
        if batch.producer_id >= 0:
            ended = self.producers.record(batch)
            if ended is not None:
                self._unreplicated.append((ended, batch.base_offset))
                if batch.control == "abort":
                    self._aborted.add(Aborted(batch.producer_id, ended, batch.base_offset))
            elif batch.transactional and self._first_unstable is None:
                self._first_unstable = batch.base_offset

    def _check_entries(self, batch: Batch, now_ms: int) -> None:
        config = self.config
        for entry in self._codec.entries(batch.payload):
            if config.compact and entry.key is None:
                raise LogError(
                    Code.INVALID_RECORD,
                    "a record has no key, and a compacted topic keeps records by their keys",
                )
            if not config.append_time and now_ms - entry.timestamp > config.timestamp_before_max_ms:
                raise LogError(
                    Code.INVALID_TIMESTAMP,
                    f"a record is stamped {now_ms - entry.timestamp} ms behind the broker's clock, "
                    "and the topic's message.timestamp.before.max.ms is "
                    f"{config.timestamp_before_max_ms}",
                )

    # --- reading ---------------------------------------------------------------------------

    def read(self, offset: int, max_bytes: int, up_to: int) -> list[Batch]:
        """The batches that hold offsets from `offset` on and below `up_to`, as many as `max_bytes`
        allow but one at least, if there is any (KIP-74). The first may begin before `offset`, and
        after compaction it may begin later. LogError OFFSET_OUT_OF_RANGE below `start` or above
        `end`.
        """
        if not self.start <= offset <= self.end:
            raise LogError(
                Code.OFFSET_OUT_OF_RANGE,
                f"offset {offset} is not in the log, which goes from {self.start} to {self.end}",
            )
        batches = self._batches
        at = bisect_right(self._nexts, offset)
        found: list[Batch] = []
        while at < len(batches) and batches[at].base_offset < up_to:
            max_bytes -= batches[at].size
            if max_bytes < 0 and found:
                break
            found.append(batches[at])
            at += 1
        return found

    @property
    def last_stable_offset(self) -> int:
        """Where a ``read_committed`` consumer's view ends; see the module's docstring."""
        unstable = self._first_unstable
        if unstable is None or unstable > self.high_watermark:
            return self.high_watermark
        return max(unstable, self.start)

    def aborted(self, start: int, end: int) -> list[Aborted]:
        """The aborted transactions with offsets from `start` on and below `end`."""
        return self._aborted.overlapping(start, end)

    def open_transactions(self) -> dict[int, int]:
        """Producer ids with an open transaction and its first offset, earliest first."""
        return dict(self.producers.open)

    def offset_for_time(self, timestamp_ms: int) -> tuple[int, int] | None:
        """Offset and timestamp of the first record stamped `timestamp_ms` or later, if there is
        one (ListOffsets, KIP-79), be it below the high watermark or not. It is the first in the
        log's order: stamps need not rise."""
        for segment, following in zip(self._segments, [*self._segments[1:], None], strict=True):
            if segment.max_timestamp < timestamp_ms:
                continue
            at = bisect_right(self._nexts, max(segment.base_offset, self.start))
            while at < len(self._batches):
                batch = self._batches[at]
                if following is not None and batch.base_offset >= following.base_offset:
                    break
                if batch.max_timestamp >= timestamp_ms:
                    for offset, timestamp in self._stamps(batch):
                        if timestamp >= timestamp_ms and offset >= self.start:
                            return offset, timestamp
                at += 1
        return None

    def _stamps(self, batch: Batch) -> list[tuple[int, int]]:
        if batch.control is not None:
            return [(batch.base_offset, batch.max_timestamp)]
        whole = batch.max_timestamp if self.config.append_time else None
        return [
            (batch.base_offset + entry.delta, entry.timestamp if whole is None else whole)
            for entry in self._codec.entries(batch.payload)
        ]

    # --- replication -----------------------------------------------------------------------

    def advance_high_watermark(self, to: int) -> bool:
        """All replicas in sync have what is below `to`. Gives whether that is news."""
        if to > self.end:
            to = self.end
        if to <= self.high_watermark:
            return False
        self.high_watermark = to
        if self._unreplicated:
            self._unreplicated = [ended for ended in self._unreplicated if ended[1] >= to]
            self._find_first_unstable()
        return True

    def begin_epoch(self, epoch: int) -> None:
        """This replica leads from now on, in `epoch`."""
        self.epochs.assign(epoch, self.end)

    def end_offset_for(self, epoch: int) -> tuple[int, int]:
        """Where `epoch` ended in this log; see `minibroker.log.epochs.Epochs.end_offset_for`."""
        return self.epochs.end_offset_for(epoch, self.end)

    def truncate(self, to: int) -> list[Batch]:
        """The log ends at `to` again; gives the batches that were cut. All that the log knows is
        then as if they had never been appended, and the high watermark is not above `to`."""
        if to >= self.end:
            return []
        keep = bisect_right(self._nexts, to)
        cut = self._batches[keep:]
        del self._batches[keep:], self._nexts[keep:]
        self.end = to
        self.start = min(self.start, to)
        self.high_watermark = min(self.high_watermark, to)
        bases = [segment.base_offset for segment in self._segments if segment.base_offset < to]
        self._segments = log_segments.built(self._batches, bases or [to])
        self.epochs.truncate(to)
        self._aborted.truncate(to)
        if to < self._base_offset:
            self._base, self._base_offset = Producers(), to
        self.producers = self._base.copy()
        for batch in self._batches:
            if batch.producer_id >= 0 and batch.base_offset >= self._base_offset:
                self.producers.record(batch)
        self._unreplicated = [ended for ended in self._unreplicated if ended[1] < to]
        self._find_first_unstable()
        return cut

    def _find_first_unstable(self) -> None:
        # The open ones stand in the order in which they began.
        first = next(iter(self.producers.open.values()), None)
        for began, _ in self._unreplicated:
            if first is None or began < first:
                first = began
        self._first_unstable = first

    # --- forgetting ------------------------------------------------------------------------

    def delete_before(self, offset: int) -> None:
        """Records below `offset` may not be read any more (DeleteRecords, KIP-107); -1 stands for
        the high watermark. LogError OFFSET_OUT_OF_RANGE above that or below 0."""
        if offset == -1:
            offset = self.high_watermark
        if not 0 <= offset <= self.high_watermark:
            raise LogError(
                Code.OFFSET_OUT_OF_RANGE,
                f"records before offset {offset} cannot be deleted: the high watermark is "
                f"{self.high_watermark}",
            )
        if offset > self.start:
            going = 0
            while (
                going + 1 < len(self._segments) and self._segments[going + 1].base_offset <= offset
            ):
                going += 1
            self._forget(going, offset)

    def retain(self, now_ms: int) -> None:
        """Forget the segments that ``retention.ms`` and ``retention.bytes`` give up; see
        `minibroker.log.retention`."""
        going = retention.expired(
            self._segments, self.config, now_ms, self.high_watermark, self.end
        )
        if going:
            if going == len(self._segments):
                self._segments.append(Segment(self.end))
            self._forget(going, max(self.start, self._segments[going].base_offset))

    def _forget(self, going: int, start: int) -> None:
        """Drop the first `going` segments; the log starts at `start`."""
        self.start = start
        del self._segments[:going]
        base = self._segments[0].base_offset
        cut = bisect_right(self._nexts, base)
        for batch in self._batches[:cut]:
            if batch.producer_id >= 0 and batch.base_offset >= self._base_offset:
                self._base.record(batch)
        self._base_offset = max(self._base_offset, base)
        del self._batches[:cut], self._nexts[:cut]
        self._aborted.delete_before(start)
        self.epochs.delete_before(start)
