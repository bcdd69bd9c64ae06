"""DeleteRecords: what is below an offset may not be read any more (KIP-107)."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """Where each log, of which this broker is the leader, begins now."""
    types = call.types
    return types.DeleteRecordsResponse(
        topics=tuple(
            types.DeleteRecordsTopicResult(
                name=topic.name,
                partitions=tuple(_deleted(call, topic.name, each) for each in topic.partitions),
            )
            for topic in call.request.topics
        )
    )


def _deleted(call: Call, topic: str, each: Any) -> Any:
    code, start = Code.NONE, -1
    try:
        call.must_lead(topic, each.partition_index)
        start = call.cluster.delete_records(topic, each.partition_index, each.offset)
    except LogError as error:
        code = error.code
    return call.types.DeleteRecordsPartitionResult(
        partition_index=each.partition_index, low_watermark=start, error_code=code
    )
