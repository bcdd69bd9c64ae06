"""OffsetCommit: the positions of a group.

How long they are kept is the broker's to say (KIP-211), so ``retention_time`` of the oldest
versions is not looked at, as Kafka does.
"""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.positions import asked, refused, told


def answer(call: Call) -> Answer:
    """A result for each partition."""
    request, types = call.request, call.types
    try:
        call.must_coordinate(request.group_id)
        offsets, codes = asked(call)
        if offsets:
            call.cluster.groups.commit(
                call.who,
                request.group_id,
                offsets,
                member_id=request.member_id,
                generation=request.generation_id_or_member_epoch,
                instance_id=getattr(request, "group_instance_id", None),
            )
    except LogError as error:
        codes = refused(call, _known(error.code, call.version))
    topics = told(codes, types.OffsetCommitResponsePartition, types.OffsetCommitResponseTopic)
    return types.OffsetCommitResponse(topics=topics)


def _known(code: Code, version: int) -> Code:
    """An older client than KIP-848 cannot know what a stale member epoch is."""
    if code is Code.STALE_MEMBER_EPOCH and version < 9:
        return Code.UNSUPPORTED_VERSION
    return code
