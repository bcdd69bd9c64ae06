"""ConsumerGroupDescribe: groups of the newer protocol (KIP-848)."""

from typing import Any, cast

from minibroker.log.description import GroupInfo, MemberInfo
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import Place, assigned

_OF_THIS_PROTOCOL = 1
"""What ``member_type`` says of a member that does not speak the classic protocol (KIP-1099)."""


def answer(call: Call) -> Answer:
    """Each group with its members."""
    return call.types.ConsumerGroupDescribeResponse(
        groups=tuple(_described(call, each) for each in call.request.group_ids)
    )


def _described(call: Call, name: str) -> Any:
    code, words = Code.NONE, None
    try:
        call.must_coordinate(name)
        group = call.cluster.groups.describe(name)
        if not group.modern:
            raise LogError(
                Code.GROUP_ID_NOT_FOUND,
                f"there is no group {name} of the consumer protocol",
            )
        members = tuple(_member(call, each) for each in group.members)
    except LogError as error:
        group, members = GroupInfo(name, "", "", "", 0, []), ()
        code, words = error.code, error.text
    return call.types.DescribedGroup(
        error_code=code,
        error_message=words,
        group_id=name,
        group_state=group.state,
        group_epoch=group.generation,
        assignment_epoch=group.generation,  # the target is made when the epoch is raised
        assignor_name=group.protocol,
        members=members,
    )


def _member(call: Call, member: MemberInfo) -> Any:
    return call.types.Member(
        member_id=member.member_id,
        instance_id=member.instance_id,
        member_epoch=member.epoch,
        client_id=member.who,
        client_host=member.host,
        subscribed_topic_names=tuple(cast("list[str]", member.metadata)),
        assignment=assigned(call, cast("list[Place]", member.assignment)),
        target_assignment=assigned(call, cast("list[Place]", member.target)),
        member_type=_OF_THIS_PROTOCOL,
    )
