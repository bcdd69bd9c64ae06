"""SyncGroup: the leader brings the assignments of a generation, and everyone gets their own."""

from typing import Any

from minibroker.log.errors import LogError
from minibroker.wire.kafka.call import Answer, Answered, Call, settled


def answer(call: Call) -> Answered:
    """The member's assignment, when the leader has brought it."""
    request = call.request
    try:
        call.must_coordinate(request.group_id)
        synced = call.cluster.groups.sync(
            request.group_id,
            request.member_id,
            request.generation_id,
            {each.member_id: each.assignment for each in request.assignments},
            getattr(request, "group_instance_id", None),
        )
    except LogError as error:
        return call.types.SyncGroupResponse(error_code=error.code, assignment=b"")
    return _later(call, synced)


async def _later(call: Call, pending: Any) -> Answer:
    try:
        assignment = await settled(pending, call.broker.server.loop)
    except LogError as error:
        return call.types.SyncGroupResponse(error_code=error.code, assignment=b"")
    group = call.cluster.groups.describe(call.request.group_id)
    return call.types.SyncGroupResponse(
        protocol_type=group.protocol_type,
        protocol_name=group.protocol,
        assignment=assignment or b"",
    )
