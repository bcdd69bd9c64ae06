"""DescribeGroups: state and members of groups of the classic protocol."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_NOT_FOUND = 6
"""The version from which on a group that is not there is an error, not a dead one (KIP-1043)."""


def answer(call: Call) -> Answer:
    """Each of them."""
    return call.types.DescribeGroupsResponse(
        groups=tuple(_group(call, name) for name in call.request.groups)
    )


def _group(call: Call, name: str) -> Any:
    types = call.types
    try:
        call.must_coordinate(name)
        group = call.cluster.groups.describe(name)
    except LogError as error:
        return _empty(call, name, "", error.code)
    if group.state == "Dead" or group.modern:
        missing = Code.GROUP_ID_NOT_FOUND if call.version >= _NOT_FOUND else Code.NONE
        return _empty(call, name, "Dead", missing)
    return types.DescribedGroup(
        group_id=name,
        group_state=group.state,
        protocol_type=group.protocol_type,
        protocol_data=group.protocol,
        members=tuple(
            types.DescribedGroupMember(
                member_id=each.member_id,
                group_instance_id=each.instance_id,
                client_id=each.who,
                client_host="/127.0.0.1",
                member_metadata=each.metadata or b"",
                member_assignment=each.assignment or b"",
            )
            for each in group.members
        ),
    )


def _empty(call: Call, name: str, state: str, code: Code) -> Any:
    return call.types.DescribedGroup(
        error_code=code,
        group_id=name,
        group_state=state,
        protocol_type="",
        protocol_data="",
        members=(),
    )
