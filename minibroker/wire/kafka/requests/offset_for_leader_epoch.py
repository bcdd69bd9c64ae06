"""OffsetForLeaderEpoch: where an epoch ended, which tells a client that a log was cut (KIP-320)."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """An epoch and its end for each partition."""
    types = call.types
    return types.OffsetForLeaderEpochResponse(
        topics=tuple(
            types.OffsetForLeaderTopicResult(
                topic=topic.topic,
                partitions=tuple(_end(call, topic.topic, each) for each in topic.partitions),
            )
            for topic in call.request.topics
        )
    )


def _end(call: Call, topic: str, each: Any) -> Any:
    code, epoch, end = Code.NONE, -1, -1
    try:
        call.must_lead(topic, each.partition)
        current = each.current_leader_epoch
        known = call.cluster.leader_epoch(topic, each.partition)
        if current >= 0 and current != known:
            older = current < known
            code = Code.FENCED_LEADER_EPOCH if older else Code.UNKNOWN_LEADER_EPOCH
        else:
            epoch, end = call.cluster.epoch_end(topic, each.partition, each.leader_epoch)
    except LogError as error:
        code = error.code
    return call.types.EpochEndOffset(
        error_code=code, partition=each.partition, leader_epoch=epoch, end_offset=end
    )
