"""JoinGroup: be a member of a consumer group; answered when the group has its next generation."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.groups import MemberIdRequired
from minibroker.wire.kafka.call import Answer, Answered, Call, settled
from minibroker.wire.kafka.messages import ms

_ID_REQUIRED = 4
"""The version from which on a new member joins a second time, with the id that it is given
(KIP-394)."""


def answer(call: Call) -> Answered:
    """The generation, and for the leader all members."""
    request = call.request
    try:
        call.must_coordinate(request.group_id)
        session = ms(request.session_timeout)
        rebalance = ms(getattr(request, "rebalance_timeout", request.session_timeout))
        joined = call.cluster.groups.join(
            call.who,
            request.group_id,
            request.member_id,
            {each.name: each.metadata for each in request.protocols},
            protocol_type=request.protocol_type,
            session_timeout=session * 1_000,
            rebalance_timeout=(rebalance if rebalance >= 0 else session) * 1_000,
            instance_id=getattr(request, "group_instance_id", None),
            id_required=call.version >= _ID_REQUIRED,
            client_id=call.who or "consumer",
        )
    except MemberIdRequired as error:
        return _refused(call, error.code, error.member_id)
    except LogError as error:
        return _refused(call, error.code, request.member_id)
    return _later(call, joined)


async def _later(call: Call, pending: Any) -> Answer:
    try:
        joined = await settled(pending, call.broker.server.loop)
    except LogError as error:
        return _refused(call, error.code, call.request.member_id)
    types = call.types
    return types.JoinGroupResponse(
        generation_id=joined.generation,
        protocol_type=call.request.protocol_type,
        protocol_name=joined.protocol,
        leader=joined.leader,
        member_id=joined.member_id,
        members=tuple(
            types.JoinGroupResponseMember(
                member_id=each.member_id,
                group_instance_id=each.instance_id,
                metadata=each.metadata,
            )
            for each in joined.members
        ),
    )


def _refused(call: Call, code: Code, member_id: str) -> Answer:
    return call.types.JoinGroupResponse(
        error_code=code,
        generation_id=-1,
        protocol_name=None if call.version >= 7 else "",
        leader="",
        member_id=member_id,
        members=(),
    )
