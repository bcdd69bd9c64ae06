"""OffsetDelete: forget what a group has committed of some partitions (KIP-496)."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.positions import told


def answer(call: Call) -> Answer:
    """A result for each partition."""
    request, types = call.request, call.types
    codes = {}
    try:
        call.must_coordinate(request.group_id)
        call.cluster.groups.delete_offsets(request.group_id, [])
    except LogError as error:
        return types.OffsetDeleteResponse(error_code=error.code, topics=())
    for topic in request.topics:
        for each in topic.partitions:
            place = (topic.name, each.partition_index)
            codes[place] = Code.NONE
            try:
                call.cluster.groups.delete_offsets(request.group_id, [place])
            except LogError as error:
                codes[place] = error.code
    topics = told(codes, types.OffsetDeleteResponsePartition, types.OffsetDeleteResponseTopic)
    return types.OffsetDeleteResponse(topics=topics)
