"""OffsetFetch: what groups have committed."""

from collections.abc import Sequence
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.offsets import Committed
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import Place, by_topic

_MANY, _TOP_ERROR = 8, 2
"""The versions from which on several groups are asked for, and from which on there is an error of
the group's own."""

_NOTHING = Committed(-1)

Found = dict[Place, tuple[Code, Committed]]


def answer(call: Call) -> Answer:
    """An offset for each partition, -1 where nothing is committed."""
    request, types = call.request, call.types
    if call.version < _MANY:
        code, found = _group(call, request)
        if code and call.version < _TOP_ERROR:
            found = dict.fromkeys(_wanted(request) or (), (code, _NOTHING))
        kinds = (types.OffsetFetchResponseTopic, types.OffsetFetchResponsePartition)
        return types.OffsetFetchResponse(error_code=code, topics=_topics(kinds, found))
    kinds = (types.OffsetFetchResponseTopics, types.OffsetFetchResponsePartitions)
    groups = []
    for each in request.groups:
        code, found = _group(call, each)
        groups.append(
            types.OffsetFetchResponseGroup(
                group_id=each.group_id, error_code=code, topics=_topics(kinds, found)
            )
        )
    return types.OffsetFetchResponse(groups=tuple(groups))


def _wanted(asked: Any) -> list[Place] | None:
    """None: all that there are."""
    if asked.topics is None:
        return None
    return [(each.name, number) for each in asked.topics for number in each.partition_indexes]


def _group(call: Call, asked: Any) -> tuple[Code, Found]:
    wanted = _wanted(asked)
    who = (getattr(asked, "member_id", None), getattr(asked, "member_epoch", -1))
    try:
        call.must_coordinate(asked.group_id)
        known = call.cluster.groups.committed(
            asked.group_id, wanted, member_id=who[0], epoch=who[1]
        )
        places = list(known) if wanted is None else wanted
        unstable = _unstable(call, asked.group_id, places)
    except LogError as error:
        return error.code, {}
    return Code.NONE, {
        place: (Code.UNSTABLE_OFFSET_COMMIT, _NOTHING)
        if place in unstable
        else (Code.NONE, known.get(place, _NOTHING))
        for place in places
    }


def _unstable(call: Call, group: str, places: Sequence[Place]) -> set[Place]:
    """Those that a transaction may still change, if the client asked for that (KIP-447)."""
    found: set[Place] = set()
    if not getattr(call.request, "require_stable", False):
        return found
    for place in places:
        try:
            call.cluster.groups.committed(group, [place], require_stable=True)
        except LogError as error:
            if error.code is not Code.UNSTABLE_OFFSET_COMMIT:
                raise
            found.add(place)
    return found


def _topics(kinds: tuple[Any, Any], found: Found) -> tuple[Any, ...]:
    of_topic, of_partition = kinds
    return tuple(
        of_topic(
            name=name,
            partitions=tuple(
                of_partition(
                    partition_index=number,
                    committed_offset=offset.offset,
                    committed_leader_epoch=offset.leader_epoch,
                    metadata=offset.metadata,
                    error_code=code,
                )
                for number, (code, offset) in its
            ),
        )
        for name, its in by_topic(found).items()
    )
