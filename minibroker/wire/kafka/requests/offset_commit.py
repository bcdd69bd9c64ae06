"""OffsetCommit: a group's positions."""

from minibroker.log.errors import LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.positions import asked, told


def answer(call: Call) -> Answer:
    """A result for each partition; all are set, or none."""
    request = call.request
    offsets, codes = asked(call)
    try:
        call.must_coordinate(request.group_id)
        generation = getattr(request, "generation_id", -1)
        call.cluster.groups.commit(
            call.who,
            request.group_id,
            offsets,
            member_id=request.member_id,
            generation=getattr(request, "generation_id_or_member_epoch", generation),
            instance_id=getattr(request, "group_instance_id", None),
        )
    except LogError as error:
        codes |= dict.fromkeys(offsets, error.code)
    types = call.types
    topics = told(codes, types.OffsetCommitResponsePartition, types.OffsetCommitResponseTopic)
    return types.OffsetCommitResponse(topics=topics)
