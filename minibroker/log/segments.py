"""A log's segments: where one ends and the next begins.

Rule: this file decides when a new segment is begun and what each one amounts to, and knows nothing
of why whole segments matter. Retention deletes whole ones (`minibroker.log.retention`) and
compaction leaves the last, *active* one alone (`minibroker.log.compaction`).
"""

from minibroker.log.batch import Batch
from minibroker.log.config import TopicConfig


class Segment:
    """The batches from `base_offset` up to the next segment's. `size` is bytes; `first_timestamp`
    is the largest of its first batch and `max_timestamp` of all, milliseconds, -1 for an empty
    one."""

    __slots__ = ("base_offset", "first_timestamp", "max_timestamp", "size")

    def __init__(self, base_offset: int) -> None:
        self.base_offset = base_offset
        self.size = 0
        self.first_timestamp = -1
        self.max_timestamp = -1

    def is_full_for(self, batch: Batch, config: TopicConfig) -> bool:
        """Whether a batch must begin a new segment: for its size, or since it is stamped
        ``segment.ms`` after the first. Only another batch closes a segment, however old it is
        (Kafka, "Topic Configs", ``segment.bytes`` and ``segment.ms``)."""
        return self.size > 0 and (
            self.size + batch.size > config.segment_bytes
            or batch.max_timestamp - self.first_timestamp > config.longest_segment_ms
        )

    def add(self, batch: Batch) -> None:
        """It holds one more."""
        if self.size == 0:
            self.first_timestamp = batch.max_timestamp
        self.size += batch.size
        if batch.max_timestamp > self.max_timestamp:
            self.max_timestamp = batch.max_timestamp


def built(batches: list[Batch], bases: list[int]) -> list[Segment]:
    """Segments that begin at these offsets, holding these batches; both rise."""
    segments = [Segment(base) for base in bases]
    at = 0
    for batch in batches:
        while at + 1 < len(segments) and batch.base_offset >= bases[at + 1]:
            at += 1
        segments[at].add(batch)
    return segments
