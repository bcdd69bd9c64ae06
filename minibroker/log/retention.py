"""Which segments a log may forget.

Rule: this file chooses and changes nothing. Only whole segments go, from the oldest on, and only
what all replicas in sync have. A segment goes by time when its *newest* record is older than
``retention.ms``, so one late stamp keeps all that is with it, and by size while what would be left
is still ``retention.bytes`` or more (Kafka, "Topic Configs"). The *active* segment, which is still
appended to, goes only where all go: it is closed first, so a topic that is quiet for long does
become empty.
"""

from collections.abc import Sequence

from minibroker.log.config import TopicConfig
from minibroker.log.segments import Segment


def expired(
    segments: Sequence[Segment], config: TopicConfig, now_ms: int, high_watermark: int, end: int
) -> int:
    """How many segments go, counted from the first. `end` is the log's end offset."""
    if not config.delete:
        return 0
    going = 0
    left = sum(segment.size for segment in segments)
    for number, segment in enumerate(segments):
        follows = segments[number + 1].base_offset if number + 1 < len(segments) else end
        is_active_and_empty = segment is segments[-1] and segment.size == 0
        if is_active_and_empty or follows > high_watermark:
            break
        too_much = 0 <= config.retention_bytes <= left - segment.size
        too_old = 0 <= config.retention_ms < now_ms - segment.max_timestamp
        if not too_much and not too_old:
            break
        left -= segment.size
        going += 1
    return going
