"""ConsumerGroupHeartbeat: all that a member of the newer protocol says and hears (KIP-848)."""

from datetime import timedelta
from typing import Any

from minibroker.log.consumer_group import Beat
from minibroker.log.errors import Code, LogError
from minibroker.log.offsets import Partition
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.messages import AT_ONCE, ms


def answer(call: Call) -> Answer:
    """The member's epoch, and its partitions where they are new."""
    request, types = call.request, call.types
    try:
        call.must_coordinate(request.group_id)
        if getattr(request, "subscribed_topic_regex", None):
            raise LogError(
                Code.UNSUPPORTED_VERSION,
                "this broker does not look for topics by a pattern; subscribe to names",
            )
        names = request.subscribed_topic_names
        rebalance = ms(request.rebalance_timeout)
        beat = Beat(
            who=call.who,
            member_id=request.member_id,
            epoch=request.member_epoch,
            instance_id=request.instance_id,
            topics=None if names is None else list(names),
            owned=_owned(call, request.topic_partitions),
            rebalance_timeout=None if rebalance < 0 else rebalance * 1_000,
            assignor=request.server_assignor,
        )
        beaten = call.cluster.groups.consumer_heartbeat(request.group_id, beat)
    except LogError as error:
        return types.ConsumerGroupHeartbeatResponse(
            error_code=error.code,
            error_message=error.text,
            member_id=request.member_id or None,
            member_epoch=0,
            heartbeat_interval=AT_ONCE,
        )
    return types.ConsumerGroupHeartbeatResponse(
        member_id=beaten.member_id,
        member_epoch=beaten.epoch,
        heartbeat_interval=timedelta(microseconds=beaten.interval),
        assignment=None
        if beaten.assignment is None
        else types.Assignment(topic_partitions=_by_id(call, beaten.assignment)),
    )


def _owned(call: Call, topics: Any) -> list[Partition] | None:
    if topics is None:
        return None
    return [
        (call.cluster.topic_of(topic.topic_id), number)
        for topic in topics
        for number in topic.partitions
    ]


def _by_id(call: Call, partitions: list[Partition]) -> tuple[Any, ...]:
    topics: dict[str, list[int]] = {}
    for name, number in partitions:
        topics.setdefault(name, []).append(number)
    return tuple(
        call.types.TopicPartitions(
            topic_id=call.cluster.topic_id(name), partitions=tuple(sorted(numbers))
        )
        for name, numbers in topics.items()
    )
