"""JoinGroup: be a member of a group of the classic protocol.

The answer comes when all members have joined, so this connection waits meanwhile, as with Kafka.
A client that is gone by then is in the new generation all the same, until its session ends.
"""

from contextlib import suppress
from typing import Any

from minibroker.log.errors import LogError
from minibroker.log.members import Joined, MemberIdRequired
from minibroker.log.pending import Pending
from minibroker.wire.kafka.call import Answer, Answered, Call, settled
from minibroker.wire.kafka.messages import ms

_ID_FIRST = 4
"""The version from which on a new member is given its id first (KIP-394)."""

_NULLABLE = 7
"""The version from which on there may be no protocol's name."""

_SKIPS = 9
"""The version from which on a leader that is back may be told not to assign anew (KIP-814)."""


def answer(call: Call) -> Answered:
    """At once if the group need not wait for anyone."""
    request = call.request
    session = ms(request.session_timeout) * 1_000
    rebalance = ms(request.rebalance_timeout) * 1_000 if call.version >= 1 else -1
    try:
        call.must_coordinate(request.group_id)
        pending = call.cluster.groups.join(
            call.who,
            request.group_id,
            request.member_id,
            # In the client's order, which is that of its preference.
            {each.name: each.metadata for each in request.protocols},
            protocol_type=request.protocol_type,
            session_timeout=session,
            rebalance_timeout=session if rebalance < 0 else rebalance,
            instance_id=getattr(request, "group_instance_id", None),
            id_required=call.version >= _ID_FIRST,
            client_id=call.who,
            host=call.host,
            can_skip=call.version >= _SKIPS,
        )
    except LogError as error:
        return _refused(call, error)
    return _response(call, pending) if pending.done else _later(call, pending)


async def _later(call: Call, pending: Pending[Joined]) -> Answer:
    with suppress(LogError):  # it stands in the response
        await settled(pending, call.broker.server.loop)
    return _response(call, pending)


def _response(call: Call, pending: Pending[Joined]) -> Answer:
    try:
        joined = pending.get()
    except LogError as error:
        return _refused(call, error)
    types = call.types
    return types.JoinGroupResponse(
        generation_id=joined.generation,
        protocol_type=call.request.protocol_type,
        protocol_name=joined.protocol,
        leader=joined.leader,
        member_id=joined.member_id,
        skip_assignment=joined.skip,
        members=tuple(
            types.JoinGroupResponseMember(
                member_id=each.member_id,
                group_instance_id=each.instance_id,
                metadata=each.metadata,
            )
            for each in joined.members
        ),
    )


def _refused(call: Call, error: LogError) -> Any:
    member_id = call.request.member_id
    if isinstance(error, MemberIdRequired):
        member_id = error.member_id
    return call.types.JoinGroupResponse(
        error_code=error.code,
        protocol_name=None if call.version >= _NULLABLE else "",
        leader="",
        member_id=member_id,
        members=(),
    )
