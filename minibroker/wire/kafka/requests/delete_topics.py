"""DeleteTopics, by name or by id (KIP-516)."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call

_IDS = 6


def answer(call: Call) -> Answer:
    """A result for each topic."""
    if call.version < _IDS:
        wanted = [(name, None) for name in call.request.topic_names]
    else:
        wanted = [(each.name, each.topic_id) for each in call.request.topics]
    return call.types.DeleteTopicsResponse(
        responses=tuple(_deleted(call, *each) for each in wanted)
    )


def _deleted(call: Call, name: str | None, topic_id: Any) -> Any:
    code, words = Code.NONE, None
    try:
        if name is None:
            name = call.cluster.topic_of(topic_id)
        else:
            topic_id = call.cluster.topic_id(name)
        call.cluster.delete_topic(name)
    except LogError as error:
        code, words = error.code, error.text
    return call.types.DeletableTopicResult(
        name=name, topic_id=topic_id, error_code=code, error_message=words
    )
