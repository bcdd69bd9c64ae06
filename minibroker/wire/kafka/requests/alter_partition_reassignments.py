"""AlterPartitionReassignments: replicas may be asked to stay where they are; they do not move
(KIP-455)."""

from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call


def answer(call: Call) -> Answer:
    """A result for each partition that is named."""
    types = call.types
    return types.AlterPartitionReassignmentsResponse(
        error_code=Code.NONE,
        error_message=None,
        responses=tuple(
            types.ReassignableTopicResponse(
                name=topic.name,
                partitions=tuple(_placed(call, topic.name, each) for each in topic.partitions),
            )
            for topic in call.request.topics
        ),
    )


def _placed(call: Call, topic: str, each: Any) -> Any:
    code, words = Code.NONE, None
    try:
        _check(call, topic, each.partition_index, each.replicas)
    except LogError as error:
        code, words = error.code, error.text
    return call.types.ReassignablePartitionResponse(
        partition_index=each.partition_index, error_code=code, error_message=words
    )


def _check(call: Call, topic: str, number: int, replicas: tuple[int, ...] | None) -> None:
    found = call.cluster.describe(topic)
    if not 0 <= number < len(found):
        raise LogError(
            Code.UNKNOWN_TOPIC_OR_PARTITION, f"topic {topic!r} has no partition {number}"
        )
    if replicas is None:
        raise LogError(
            Code.NO_REASSIGNMENT_IN_PROGRESS, "there is no reassignment to be called off"
        )
    now = tuple(found[number].replicas)
    if tuple(replicas) != now:
        raise LogError(
            Code.INVALID_REPLICA_ASSIGNMENT,
            f"this broker places replicas by itself; {topic}/{number} stays on "
            f"{', '.join(map(str, now))}",
        )
