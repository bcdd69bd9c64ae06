"""ConsumerGroupHeartbeat: all that a member of the newer protocol asks (KIP-848).

Topics go by id here. A topic that is gone is not owned by anybody any more.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from minibroker.log.consumer_group import Beat
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Answer, Call
from minibroker.wire.kafka.grouped import Place, assigned
from minibroker.wire.kafka.messages import AT_ONCE, ms


def answer(call: Call) -> Answer:
    """Its epoch, and its assignment if it has to learn that."""
    request, types = call.request, call.types
    try:
        call.must_coordinate(request.group_id)
        _check(call)
        told = call.cluster.groups.consumer_heartbeat(request.group_id, _beat(call))
        assignment = None if told.assignment is None else assigned(call, told.assignment)
    except LogError as error:
        return types.ConsumerGroupHeartbeatResponse(
            error_code=error.code,
            error_message=error.text,
            member_id=None,
            member_epoch=0,
            heartbeat_interval=AT_ONCE,
        )
    return types.ConsumerGroupHeartbeatResponse(
        member_id=told.member_id,
        member_epoch=told.epoch,
        heartbeat_interval=timedelta(microseconds=told.interval),
        assignment=assignment,
    )


def _check(call: Call) -> None:
    if call.version >= 1 and not call.request.member_id:
        raise LogError(Code.INVALID_REQUEST, "since version 1 a client makes its member id itself")
    if getattr(call.request, "subscribed_topic_regex", None):
        raise LogError(
            Code.UNSUPPORTED_VERSION,
            "this broker does not look for topics by a regular expression; subscribe to them by "
            "name, or set group.protocol to classic",
        )


def _beat(call: Call) -> Beat:
    request = call.request
    timeout = ms(request.rebalance_timeout) * 1_000
    owned = request.topic_partitions
    return Beat(
        call.who,
        request.member_id,
        request.member_epoch,
        request.instance_id,
        request.subscribed_topic_names,
        None if owned is None else _owned(call, owned),
        None if timeout < 0 else timeout,
        request.server_assignor,
        host=call.host,
    )


def _owned(call: Call, topics: Sequence[Any]) -> list[Place]:
    found: list[Place] = []
    for each in topics:
        try:
            name = call.cluster.topic_of(each.topic_id)
        except LogError as error:
            if error.code is not Code.UNKNOWN_TOPIC_ID:
                raise
            continue
        found += [(name, number) for number in each.partitions]
    return found
