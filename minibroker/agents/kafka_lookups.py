"""What a consumer can be asked, and what it asks the cluster for its application. Nothing here
changes anything."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

from minibroker.agents.kafka_consumer_settings import BEGINNING, END
from minibroker.agents.kafka_errors import BadRequest, KafkaFailure, Local
from minibroker.agents.kafka_polling import Consumer
from minibroker.agents.kafka_positions import INVALID
from minibroker.log.errors import Code, LogError
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

Lookup: TypeAlias = "Callable[[Cluster, Consumer, dict[str, Value]], Value]"

UNKNOWN = int(Code.UNKNOWN_TOPIC_OR_PARTITION)


def assignment(cluster: "Cluster", consumer: Consumer, args: dict[str, Value]) -> Value:
    """The assigned partitions, each with the offset it was assigned at."""
    return [[p.topic, p.partition, p.asked] for _, p in sorted(consumer.reader.positions.items())]


def position(cluster: "Cluster", consumer: Consumer, args: dict[str, Value]) -> Value:
    """After which record each partition stands."""
    found: list[Value] = []
    for topic, number in keys(args):
        at = consumer.reader.positions.get((topic, number))
        found.append([topic, number, INVALID if at is None else at.consumed, None])
    return found


def committed(cluster: "Cluster", consumer: Consumer, args: dict[str, Value]) -> Value:
    """The group's committed offset of each partition."""
    wanted = keys(args)
    group_id = consumer.membership.me.group
    found = cluster.groups.committed(group_id, [key for key in wanted if there(cluster, key)])
    return [
        [topic, number, found[topic, number].offset, None, found[topic, number].metadata]
        if (topic, number) in found
        else [topic, number, INVALID, None if there(cluster, (topic, number)) else UNKNOWN]
        for topic, number in wanted
    ]


def watermarks(cluster: "Cluster", consumer: Consumer, args: dict[str, Value]) -> Value:
    """A partition's first offset, and the one after its last that this consumer may read; what is
    cached are those that a fetch has brought."""
    wanted = keys(args)
    if len(wanted) != 1:
        raise BadRequest("one partition is asked for at a time")
    topic, number = wanted[0]
    if args.get("cached") is True:
        at = consumer.reader.positions.get((topic, number))
        if at is None or not at.fetched:
            return [INVALID, INVALID]
    if not there(cluster, (topic, number)):
        code = Local.UNKNOWN_PARTITION
        raise KafkaFailure(code, "Failed to get watermark offsets: %s", said=code)
    low, _ = cluster.offset_for(topic, number, BEGINNING)
    high, _ = cluster.offset_for(
        topic, number, END, read_committed=consumer.settings.committed_only
    )
    return [low, high]


def offsets_for_times(cluster: "Cluster", consumer: Consumer, args: dict[str, Value]) -> Value:
    """For each partition the first offset whose timestamp is not before the given one, or -1."""
    failed = "Failed to get offsets: %s"
    wanted = cast("list[list[Value]]", args.get("partitions"))
    if not keys(args):
        raise KafkaFailure(Local.INVALID_ARG, failed, said=Local.INVALID_ARG)
    found: list[Value] = []
    for (topic, number), item in zip(keys(args), wanted, strict=True):
        if not there(cluster, (topic, number)):
            raise KafkaFailure(Local.UNKNOWN_PARTITION, failed, said=Local.UNKNOWN_PARTITION)
        offset, _ = cluster.offset_for(
            topic, number, cast(int, item[2]), read_committed=consumer.settings.committed_only
        )
        found.append([topic, number, offset, None])
    return found


def group(cluster: "Cluster", consumer: Consumer, args: dict[str, Value]) -> Value:
    """Who of its group the consumer is."""
    me = consumer.membership.me
    return {
        "group": me.group,
        "generation": me.generation,
        "member_id": me.member_id,
        "instance_id": me.instance_id,
    }


LOOKUPS: Mapping[str, Lookup] = {
    "assignment": assignment,
    "position": position,
    "committed": committed,
    "watermarks": watermarks,
    "offsets_for_times": offsets_for_times,
    "group_metadata": group,
}


def keys(args: dict[str, Value]) -> list[tuple[str, int]]:
    """The argument ``partitions`` without its offsets."""
    found: list[tuple[str, int]] = []
    given = args.get("partitions")
    for item in given if isinstance(given, list) else [None]:
        match item:
            case [str(topic), int(number), int(), *_]:
                found.append((topic, number))
            case _:
                raise BadRequest("partitions must be a list of partitions")
    return found


def there(cluster: "Cluster", key: tuple[str, int]) -> bool:
    """Whether there is such a partition."""
    try:
        return 0 <= key[1] < cluster.partitions(key[0])
    except LogError:
        return False
