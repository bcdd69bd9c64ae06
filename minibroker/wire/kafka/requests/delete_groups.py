"""DeleteGroups: groups without members, and their offsets."""

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """A result for each group."""
    types = call.types
    return types.DeleteGroupsResponse(
        results=tuple(
            types.DeletableGroupResult(group_id=name, error_code=_deleted(call, name))
            for name in call.request.groups_names
        )
    )


def _deleted(call: Call, name: str) -> Code:
    try:
        call.must_coordinate(name)
        call.cluster.groups.delete(name)
    except LogError as error:
        return error.code
    return Code.NONE
