"""LeaveGroup: of a member itself, or of several by an operator (KIP-345)."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_MANY = 3


def answer(call: Call) -> Answer:
    """A result for each member, since version 3."""
    request, types = call.request, call.types
    try:
        call.must_coordinate(request.group_id)
    except LogError as error:
        return types.LeaveGroupResponse(error_code=error.code, members=())
    if call.version < _MANY:
        return types.LeaveGroupResponse(error_code=_left(call, request.member_id, None))
    return types.LeaveGroupResponse(
        members=tuple(
            types.MemberResponse(
                member_id=each.member_id,
                group_instance_id=each.group_instance_id,
                error_code=_left(call, each.member_id, each.group_instance_id),
            )
            for each in request.members
        )
    )


def _left(call: Call, member_id: str, instance_id: str | None) -> Code:
    try:
        call.cluster.groups.leave(call.request.group_id, member_id, instance_id)
    except LogError as error:
        return error.code
    return Code.NONE
