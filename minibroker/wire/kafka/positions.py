"""The positions of a group in a request to commit them, and what is answered for each."""

from collections.abc import Callable, Mapping
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Committed
from minibroker.log.offsets import Partition, check_metadata
from minibroker.wire.kafka.call import Call
from minibroker.wire.kafka.grouped import by_topic


def asked(call: Call) -> tuple[dict[Partition, Committed], dict[Partition, Code]]:
    """What is to be committed, and a code for each partition: one that cannot be committed does not
    keep the others from it. LogError if the cluster cannot be asked."""
    offsets: dict[Partition, Committed] = {}
    codes: dict[Partition, Code] = {}
    known = {name: call.cluster.partitions(name) for name in call.cluster.topics()}
    for topic in call.request.topics:
        for each in topic.partitions:
            place = (topic.name, each.partition_index)
            codes[place] = Code.UNKNOWN_TOPIC_OR_PARTITION
            if 0 <= each.partition_index < known.get(topic.name, 0):
                offset = Committed(
                    each.committed_offset,
                    each.committed_metadata or "",
                    getattr(each, "committed_leader_epoch", -1),
                )
                codes[place] = _code(place, offset)
                if codes[place] is Code.NONE:
                    offsets[place] = offset
    return offsets, codes


def _code(place: Partition, offset: Committed) -> Code:
    try:
        check_metadata({place: offset})
    except LogError as error:
        return error.code
    return Code.NONE


def refused(call: Call, code: Code) -> dict[Partition, Code]:
    """The same code for all partitions of the request."""
    return {
        (topic.name, each.partition_index): code
        for topic in call.request.topics
        for each in topic.partitions
    }


def told(
    codes: Mapping[Partition, Code], partition: Callable[..., Any], topic: Callable[..., Any]
) -> tuple[Any, ...]:
    """The codes, by topic, in the classes of the response."""
    return tuple(
        topic(
            name=name,
            partitions=tuple(
                partition(partition_index=number, error_code=code) for number, code in its
            ),
        )
        for name, its in by_topic(codes).items()
    )
