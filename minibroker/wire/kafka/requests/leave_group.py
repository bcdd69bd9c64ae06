"""LeaveGroup: members go at once, and the group gathers without them."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_MANY = 3
"""The version from which on several leave in one request, as an operator lets them (KIP-345)."""


def answer(call: Call) -> Answer:
    """A result for each member."""
    request, types = call.request, call.types
    if call.version < _MANY:
        return types.LeaveGroupResponse(error_code=_left(call, request.member_id, None))
    try:
        call.must_coordinate(request.group_id)
    except LogError as error:
        return types.LeaveGroupResponse(error_code=error.code, members=())
    return types.LeaveGroupResponse(members=tuple(_member(call, each) for each in request.members))


def _member(call: Call, each: Any) -> Any:
    return call.types.MemberResponse(
        member_id=each.member_id,
        group_instance_id=each.group_instance_id,
        error_code=_left(call, each.member_id, each.group_instance_id),
    )


def _left(call: Call, member_id: str, instance_id: str | None) -> Code:
    try:
        call.must_coordinate(call.request.group_id)
        call.cluster.groups.leave(call.request.group_id, member_id, instance_id)
    except LogError as error:
        return error.code
    return Code.NONE
