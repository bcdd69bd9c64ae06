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
from collections.abc import Sequence

from minibroker.log import admission, compaction, retention, times
from minibroker.log import segments as log_segments
from minibroker.log.aborted import Aborted, AbortedIndex
from minibroker.log.batch import Batch, Codec
from minibroker.log.config import DEFAULT, TopicConfig
from minibroker.log.epochs import Epochs
from minibroker.log.errors import Code, LogError
from minibroker.log.journal import Keeper
from minibroker.log.producers import Producers
from minibroker.log.segments import Segment
from minibroker.log.settled import Settled


class Log:
    """See the module's docstring. All offsets count records; `high_watermark` is read by all and
    moved by `advance_high_watermark` and `truncate` alone; `config` may be set anew at any time.
    A `keeper` is told of what is appended and what goes."""

    __slots__ = (
        "_aborted",
        "_base",
        "_base_offset",
        "_batches",
        "_codec",
        "_dirty_from",
        "_first_unstable",
        "_horizons",
        "_nexts",
        "_segments",
        "_unreplicated",
        "config",
        "end",
        "epochs",
        "high_watermark",
        "keeper",
        "producers",
        "start",
    )

    def __init__(self, codec: Codec, config: TopicConfig = DEFAULT) -> None:
        self.config = config
        self.epochs = Epochs()
        self.keeper: Keeper | None = None
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
        # Compaction was there up to this offset, and gave these delete horizons.
        self._dirty_from = offset
        self._horizons: dict[int, int] = {}

    # --- appending -------------------------------------------------------------------------

    def append(self, batch: Batch, leader_epoch: int, now_ms: int) -> Batch:
        """Append as the leader in `leader_epoch`; gives the batch as it stands in the log.

        Raises `minibroker.log.producers.Duplicate` if it stands there already, and LogError as
        `minibroker.log.admission.check` and `minibroker.log.producers.Producers.check` say.
        """
        config = self.config
        if batch.control is None:
            admission.check(batch, config, self._codec, now_ms)
        if batch.producer_id >= 0:
            self.producers.check(batch)
        if self.epochs.latest != leader_epoch:
            self.epochs.assign(leader_epoch, self.end)
        # By position: `dataclasses.replace` would take twice the time of all the rest.
        stamped = Batch(
            batch.payload,
            batch.records,
            batch.size,
            now_ms if config.append_time else batch.first_timestamp,
            now_ms if config.append_time else batch.max_timestamp,
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
            self._follow(batch)
        if self.keeper is not None:
            self.keeper.appended(batch, segment.base_offset)

    def _follow(self, batch: Batch) -> None:
        ended = self.producers.record(batch)
        if ended is not None:
            self._unreplicated.append((ended, batch.base_offset))
            if batch.control == "abort":
                self._aborted.add(Aborted(batch.producer_id, ended, batch.base_offset))
        elif self._first_unstable is None and batch.transactional and batch.control is None:
            self._first_unstable = batch.base_offset

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
        one, be it below the high watermark or not; see `minibroker.log.times`."""
        return times.first_from(
            timestamp_ms, self._batches, self.start, self._codec, self.config.append_time
        )

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
        self._dirty_from = min(self._dirty_from, to)
        self._horizons = {base: when for base, when in self._horizons.items() if base < to}
        if to < self._base_offset:
            # What was compacted is cut, so what is left of it must do.
            self._base, self._base_offset = Producers(), 0
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
        self.producers.expire(now_ms)
        self._base.expire(now_ms)
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
        cut = self._settle(self._segments[0].base_offset)
        del self._batches[:cut], self._nexts[:cut]
        self._aborted.delete_before(start)
        self.epochs.delete_before(start)
        if self.keeper is not None:
            self.keeper.forgot()

    def compact(self, now_ms: int) -> bool:
        """Drop what ``cleanup.policy=compact`` gives up, if the cleaner would find the log worth it
        now; gives whether it did. See `minibroker.log.compaction`."""
        config = self.config
        if not config.compact:
            return False
        count = compaction.cleanable(self._segments, config, self.last_stable_offset, now_ms)
        segments = self._segments[:count]
        if not compaction.is_due(segments, config, self._dirty_from, now_ms):
            return False
        below = self._segments[count].base_offset
        cut = self._settle(below)
        cleaned = compaction.cleaned(
            self._batches[:cut],
            self._codec,
            config,
            self._aborted.overlapping(self._segments[0].base_offset, below),
            self.producers,
            self._horizons,
            now_ms,
        )
        self._batches[:cut] = cleaned.batches
        self._nexts[:cut] = [batch.next_offset for batch in cleaned.batches]
        bases = compaction.grouped(segments, config.segment_bytes)
        self._segments[:count] = log_segments.built(cleaned.batches, bases)
        self._horizons = cleaned.horizons
        self._aborted.remove(cleaned.forgotten)
        self._dirty_from = below
        if self.keeper is not None:
            self.keeper.cleaned(below)
        return True

    def _settle(self, below: int) -> int:
        """What the batches below this offset say of producers goes into the base, before they are
        changed or go; gives how many they are."""
        count = bisect_right(self._nexts, below)
        for batch in self._batches[:count]:
            if batch.producer_id >= 0 and batch.base_offset >= self._base_offset:
                self._base.record(batch)
        self._base_offset = max(self._base_offset, below)
        return count

    # --- keeping ---------------------------------------------------------------------------

    def segments(self) -> list[tuple[int, list[Batch]]]:
        """Where each segment begins, and its batches."""
        bases = [segment.base_offset for segment in self._segments]
        cuts = [0, *(bisect_right(self._nexts, base) for base in bases[1:]), len(self._batches)]
        return [(base, self._batches[cuts[at] : cuts[at + 1]]) for at, base in enumerate(bases)]

    def bounds(self) -> tuple[int, int]:
        """Where the first and the last segment begin."""
        return self._segments[0].base_offset, self._segments[-1].base_offset

    def settled(self) -> Settled:
        """What must be kept beside the batches."""
        return Settled(
            start=self.start,
            first=self._segments[0].base_offset,
            base=self._base.copy(),
            base_offset=self._base_offset,
            aborted=self._aborted.ended_before(self._base_offset),
            dirty_from=self._dirty_from,
            horizons=dict(self._horizons),
            epochs=self.epochs.entries(),
        )

    def restore(self, kept: Settled, segments: Sequence[tuple[int, list[Batch]]]) -> None:
        """Be the log that was kept so. Of a log that has lost its end, what is known of producers
        must do that the batches tell. All there is counts as replicated."""
        self.start_anew(kept.start)
        if segments:
            self._segments = []
            self.end = max(kept.start, segments[-1][0])
            if batches := segments[-1][1]:
                self.end = max(self.end, batches[-1].next_offset)
        if self.end >= kept.base_offset:
            self._base, self._base_offset = kept.base.copy(), kept.base_offset
            self.producers = kept.base.copy()
        else:
            self._base_offset = 0
        for epoch, start in kept.epochs:
            self.epochs.assign(epoch, start)
        for aborted in kept.aborted:
            if aborted.last_offset < min(self._base_offset, self.end):
                self._aborted.add(aborted)
        for base, batches in segments:
            segment = Segment(base)
            self._segments.append(segment)
            for batch in batches:
                segment.add(batch)
                self._batches.append(batch)
                self._nexts.append(batch.next_offset)
                if batch.producer_id >= 0 and batch.base_offset >= self._base_offset:
                    self._follow(batch)
        self._aborted.delete_before(self.start)
        self._dirty_from = min(kept.dirty_from, self.end)
        self._horizons = {base: when for base, when in kept.horizons.items() if base < self.end}
        self.high_watermark = self.end
        self._unreplicated.clear()
        self._find_first_unstable()
