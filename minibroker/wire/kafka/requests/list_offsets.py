"""ListOffsets: the first offset, the last, or that of a time."""

from typing import Any

from minibroker.log.cluster import EARLIEST, LATEST
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_MAX_TIMESTAMP, _EARLIEST_LOCAL, _LATEST_TIERED = -3, -4, -5
"""Further names of places: the record with the largest timestamp (KIP-734); and where a log begins
on the broker's own disk or ends elsewhere, which is nowhere else (KIP-405)."""


def answer(call: Call) -> Answer:
    """An offset for each partition that this broker leads."""
    types = call.types
    topics = tuple(
        types.ListOffsetsTopicResponse(
            name=topic.name,
            partitions=tuple(_offset(call, topic.name, each) for each in topic.partitions),
        )
        for topic in call.request.topics
    )
    return types.ListOffsetsResponse(topics=topics)


def _offset(call: Call, topic: str, each: Any) -> Any:
    code, offset, timestamp, epoch = Code.NONE, -1, -1, -1
    committed = getattr(call.request, "isolation_level", 0) == 1
    when = each.timestamp
    try:
        call.must_lead(topic, each.partition_index)
        if when == _MAX_TIMESTAMP:
            offset, timestamp = call.cluster.newest(topic, each.partition_index)
        elif when != _LATEST_TIERED:
            offset, timestamp = call.cluster.offset_for(
                topic,
                each.partition_index,
                EARLIEST if when in (EARLIEST, _EARLIEST_LOCAL) else when,
                read_committed=committed,
            )
        if offset >= 0 and when != LATEST:
            epoch = call.cluster.leader_epoch(topic, each.partition_index)
    except LogError as error:
        code = error.code
    return call.types.ListOffsetsPartitionResponse(
        partition_index=each.partition_index,
        error_code=code,
        offset=offset,
        timestamp=timestamp,
        leader_epoch=epoch,
    )
