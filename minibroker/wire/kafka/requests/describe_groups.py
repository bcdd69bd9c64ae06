"""DescribeGroups: groups of the classic protocol, and those that only have offsets."""

from typing import Any

from minibroker.log.description import GroupInfo, MemberInfo
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_NOT_FOUND = 6
"""The version from which on a group that is not there is an error, and not dead (KIP-1043)."""


def answer(call: Call) -> Answer:
    """Each group with its members."""
    return call.types.DescribeGroupsResponse(
        groups=tuple(_described(call, each) for each in call.request.groups)
    )


def _described(call: Call, name: str) -> Any:
    try:
        call.must_coordinate(name)
        group = call.cluster.groups.describe(name)
    except LogError as error:
        return _nothing(call, name, "", error.code, error.text)
    if group.state == "Dead" or group.modern:
        if call.version < _NOT_FOUND:
            return _nothing(call, name, "Dead", Code.NONE, None)
        words = f"there is no group {name}"
        if group.state != "Dead":
            words = f"group {name} is of the consumer protocol; ask by ConsumerGroupDescribe"
        return _nothing(call, name, "Dead", Code.GROUP_ID_NOT_FOUND, words)
    stable = group.state == "Stable"
    return call.types.DescribedGroup(
        error_message=None,
        group_id=name,
        group_state=group.state,
        protocol_type=group.protocol_type,
        # In a group that is not stable it may yet change.
        protocol_data=group.protocol if stable else "",
        members=tuple(_member(call, group, each) for each in group.members),
    )


def _member(call: Call, group: GroupInfo, member: MemberInfo) -> Any:
    stable = group.state == "Stable"
    return call.types.DescribedGroupMember(
        member_id=member.member_id,
        group_instance_id=member.instance_id,
        client_id=member.who,
        client_host=member.host,
        member_metadata=(member.metadata or b"") if stable else b"",
        member_assignment=(member.assignment or b"") if stable else b"",
    )


def _nothing(call: Call, name: str, state: str, code: Code, words: str | None) -> Any:
    return call.types.DescribedGroup(
        error_code=code,
        error_message=words,
        group_id=name,
        group_state=state,
        protocol_type="",
        protocol_data="",
        members=(),
    )
