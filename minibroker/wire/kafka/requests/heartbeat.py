"""Heartbeat of a member of a group of the classic protocol."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """Whether it may go on."""
    request, code = call.request, Code.NONE
    try:
        call.must_coordinate(request.group_id)
        call.cluster.groups.heartbeat(
            request.group_id,
            request.member_id,
            request.generation_id,
            getattr(request, "group_instance_id", None),
        )
    except LogError as error:
        code = error.code
    return call.types.HeartbeatResponse(error_code=code)
