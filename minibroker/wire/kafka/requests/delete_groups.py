"""DeleteGroups: forget groups without members, and their offsets."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """A result for each."""
    results = tuple(_deleted(call, name) for name in call.request.groups_names)
    return call.types.DeleteGroupsResponse(results=results)


def _deleted(call: Call, name: str) -> Any:
    code = Code.NONE
    try:
        call.must_coordinate(name)
        call.cluster.groups.delete(name)
    except LogError as error:
        code = error.code
    return call.types.DeletableGroupResult(group_id=name, error_code=code)
