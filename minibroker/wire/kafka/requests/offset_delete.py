"""OffsetDelete: forget a group's positions in topics that none of its members read (KIP-496)."""

from minibroker.log.errors import Code, LogError
from minibroker.log.offsets import Partition
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.positions import told

_OF_A_TOPIC = frozenset({Code.GROUP_SUBSCRIBED_TO_TOPIC, Code.UNKNOWN_TOPIC_OR_PARTITION})
"""What is wrong with one partition; everything else is with the group."""


def answer(call: Call) -> Answer:
    """A result for each partition, unless the whole is refused."""
    types, request = call.types, call.request
    results: dict[Partition, Code] = {}
    try:
        call.must_coordinate(request.group_id)
        for topic in request.topics:
            for each in topic.partitions:
                place = (topic.name, each.partition_index)
                results[place] = _deleted(call, place)
    except LogError as error:
        return types.OffsetDeleteResponse(error_code=error.code, topics=())
    topics = told(results, types.OffsetDeleteResponsePartition, types.OffsetDeleteResponseTopic)
    return types.OffsetDeleteResponse(topics=topics)


def _deleted(call: Call, place: Partition) -> Code:
    """LogError for what is wrong with the group."""
    try:
        call.cluster.groups.delete_offsets(call.request.group_id, [place])
        call.cluster.partitions(place[0])
    except LogError as error:
        if error.code in _OF_A_TOPIC:
            return error.code
        raise
    return Code.NONE
