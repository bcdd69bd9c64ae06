"""The positions of a group in a request to commit them, and what is answered for each."""

from collections.abc import Callable, Mapping
from typing import Any

from minibroker.log.errors import Code
from minibroker.log.groups import Committed
from minibroker.log.offsets import Partition
from minibroker.wire.kafka.call import Call


def asked(call: Call) -> tuple[dict[Partition, Committed], dict[Partition, Code]]:
    """What is to be committed of the partitions that there are, and a code for each of all."""
    offsets: dict[Partition, Committed] = {}
    codes: dict[Partition, Code] = {}
    known = {name: call.cluster.partitions(name) for name in call.cluster.topics()}
    for topic in call.request.topics:
        for each in topic.partitions:
            place = (topic.name, each.partition_index)
            codes[place] = Code.UNKNOWN_TOPIC_OR_PARTITION
            if 0 <= each.partition_index < known.get(topic.name, 0):
                codes[place] = Code.NONE
                offsets[place] = Committed(
                    each.committed_offset,
                    each.committed_metadata or "",
                    getattr(each, "committed_leader_epoch", -1),
                )
    return offsets, codes


def told(
    codes: Mapping[Partition, Code], partition: Callable[..., Any], topic: Callable[..., Any]
) -> tuple[Any, ...]:
    """The codes, by topic, in the classes of the response."""
    topics: dict[str, list[Any]] = {}
    for (name, number), code in codes.items():
        topics.setdefault(name, []).append(partition(partition_index=number, error_code=code))
    return tuple(topic(name=name, partitions=tuple(each)) for name, each in topics.items())
