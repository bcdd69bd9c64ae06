"""OffsetFetch: what groups have committed."""

from collections.abc import Iterable
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Committed
from minibroker.log.offsets import Partition
from minibroker.wire.kafka.call import Answer, Call

_MANY = 8
"""The version from which on several groups are asked for at once (KIP-709)."""


def answer(call: Call) -> Answer:
    """Each partition's offset, -1 where nothing was committed."""
    request, types = call.request, call.types
    stable = getattr(request, "require_stable", False)
    if call.version >= _MANY:
        return types.OffsetFetchResponse(
            groups=tuple(_group(call, each, stable) for each in request.groups)
        )
    code, found = _found(call, request.group_id, request.topics, stable)
    return types.OffsetFetchResponse(
        error_code=code,
        topics=_told(found, types.OffsetFetchResponsePartition, types.OffsetFetchResponseTopic),
    )


def _group(call: Call, each: Any, stable: bool) -> Any:
    types = call.types
    code, found = _found(call, each.group_id, each.topics, stable)
    topics = _told(found, types.OffsetFetchResponsePartitions, types.OffsetFetchResponseTopics)
    return types.OffsetFetchResponseGroup(group_id=each.group_id, error_code=code, topics=topics)


def _found(
    call: Call, group: str, topics: Iterable[Any] | None, stable: bool
) -> tuple[Code, dict[Partition, Committed | Code]]:
    groups = call.cluster.groups
    found: dict[Partition, Committed | Code] = {}
    try:
        call.must_coordinate(group)
        if topics is None:
            return Code.NONE, dict(groups.committed(group, require_stable=stable))
    except LogError as error:
        if topics is None:
            return error.code, {}
        places = [(topic.name, each) for topic in topics for each in topic.partition_indexes]
        return error.code, dict.fromkeys(places, error.code)
    for topic in topics:
        for number in topic.partition_indexes:
            place = (topic.name, number)
            try:
                one = groups.committed(group, [place], require_stable=stable)
                found[place] = one.get(place, Committed(-1))
            except LogError as error:
                found[place] = error.code
    return Code.NONE, found


def _told(found: dict[Partition, Committed | Code], partition: Any, topic: Any) -> tuple[Any, ...]:
    topics: dict[str, list[Any]] = {}
    for (name, number), what in found.items():
        committed = Committed(-1) if isinstance(what, Code) else what
        topics.setdefault(name, []).append(
            partition(
                partition_index=number,
                committed_offset=committed.offset,
                committed_leader_epoch=committed.leader_epoch,
                metadata=committed.metadata,
                error_code=what if isinstance(what, Code) else Code.NONE,
            )
        )
    return tuple(topic(name=name, partitions=tuple(each)) for name, each in topics.items())
