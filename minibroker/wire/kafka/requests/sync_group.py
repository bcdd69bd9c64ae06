"""SyncGroup: a member asks for its part of the partitions, and the leader brings all parts."""

from contextlib import suppress

from minibroker.log.errors import LogError
from minibroker.log.pending import Pending
from minibroker.wire.kafka.call import Answer, Answered, Call, settled


def answer(call: Call) -> Answered:
    """At once if the parts are known; else when the leader has brought them."""
    request = call.request
    try:
        call.must_coordinate(request.group_id)
        pending = call.cluster.groups.sync(
            request.group_id,
            request.member_id,
            request.generation_id,
            {each.member_id: each.assignment for each in request.assignments},
            getattr(request, "group_instance_id", None),
            getattr(request, "protocol_type", None),
            getattr(request, "protocol_name", None),
        )
    except LogError as error:
        return _refused(call, error)
    return _response(call, pending) if pending.done else _later(call, pending)


async def _later(call: Call, pending: Pending[object]) -> Answer:
    with suppress(LogError):  # it stands in the response
        await settled(pending, call.broker.server.loop)
    return _response(call, pending)


def _response(call: Call, pending: Pending[object]) -> Answer:
    try:
        assignment = pending.get()
        group = call.cluster.groups.describe(call.request.group_id)
    except LogError as error:
        return _refused(call, error)
    return call.types.SyncGroupResponse(
        protocol_type=group.protocol_type,
        protocol_name=group.protocol,
        assignment=assignment or b"",  # the leader may have forgotten a member
    )


def _refused(call: Call, error: LogError) -> Answer:
    return call.types.SyncGroupResponse(error_code=error.code, assignment=b"")
