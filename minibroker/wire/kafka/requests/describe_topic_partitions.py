"""DescribeTopicPartitions: topics, so many partitions at a time (KIP-966)."""

import uuid
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.topic import PartitionInfo
from minibroker.wire.kafka import operations
from minibroker.wire.kafka.call import Answer, Call

_MOST = 2000
"""``max.request.partition.size.limit``: what a client may ask for at once."""


def answer(call: Call) -> Answer:
    """The topics by name, from the cursor on, and the cursor to go on with if that is not all."""
    request, types = call.request, call.types
    left = min(request.response_partition_limit, _MOST)
    left = left if left > 0 else _MOST
    begin = request.cursor
    found: list[Any] = []
    cursor = None
    for name in _names(call):
        if begin is not None and name < begin.topic_name:
            continue
        first = begin.partition_index if begin is not None and name == begin.topic_name else 0
        if not left:
            cursor = types.Cursor(topic_name=name, partition_index=first)
            break
        topic, taken, rest = _topic(call, name, first, left)
        found.append(topic)
        left -= taken
        if rest:
            cursor = types.Cursor(topic_name=name, partition_index=first + taken)
            break
    return types.DescribeTopicPartitionsResponse(topics=tuple(found), next_cursor=cursor)


def _names(call: Call) -> list[str]:
    """In the order of their names, which is what a cursor needs."""
    if call.request.topics:
        return sorted({each.name for each in call.request.topics})
    try:
        return sorted(call.cluster.topics())
    except LogError:
        return []


def _topic(call: Call, name: str, first: int, most: int) -> tuple[Any, int, bool]:
    """The topic, how many of its partitions stand there, and whether it has more."""
    code, topic_id = Code.NONE, uuid.UUID(int=0)
    partitions: list[PartitionInfo] = []
    try:
        partitions = call.cluster.describe(name)[max(first, 0) :]
        topic_id = call.cluster.topic_id(name)
    except LogError as error:
        code = error.code
    shown = partitions[:most]
    topic = call.types.DescribeTopicPartitionsResponseTopic(
        error_code=code,
        name=name,
        topic_id=topic_id,
        is_internal=False,
        partitions=tuple(_partition(call, each) for each in shown),
        topic_authorized_operations=operations.NOT_ASKED if code else operations.TOPIC,
    )
    return topic, len(shown), len(partitions) > most


def _partition(call: Call, info: PartitionInfo) -> Any:
    running = call.cluster.brokers()
    return call.types.DescribeTopicPartitionsResponsePartition(
        error_code=Code.LEADER_NOT_AVAILABLE if info.leader < 0 else Code.NONE,
        partition_index=info.number,
        leader_id=info.leader,
        leader_epoch=info.epoch,
        replica_nodes=info.replicas,
        isr_nodes=info.isr,
        eligible_leader_replicas=info.elr,
        last_known_elr=(),
        offline_replicas=tuple(each for each in info.replicas if each not in running),
    )
