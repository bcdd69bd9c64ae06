"""CreatePartitions: let topics have more of them, or only say whether they could."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """A result for each topic."""
    names = [each.name for each in call.request.topics]
    return call.types.CreatePartitionsResponse(
        results=tuple(
            _grown(call, each, names.count(each.name) > 1) for each in call.request.topics
        )
    )


def _grown(call: Call, each: Any, twice: bool) -> Any:
    code, words = Code.NONE, None
    try:
        if twice:
            raise LogError(Code.INVALID_REQUEST, f"topic {each.name!r} is asked for twice")
        if each.assignments is not None:
            raise LogError(
                Code.INVALID_REPLICA_ASSIGNMENT,
                "this broker places replicas by itself; give a number of partitions alone",
            )
        call.cluster.add_partitions(each.name, each.count, validate_only=call.request.validate_only)
    except LogError as error:
        code, words = error.code, error.text
    return call.types.CreatePartitionsTopicResult(
        name=each.name, error_code=code, error_message=words
    )
