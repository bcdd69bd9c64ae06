"""Metadata: the brokers, and who leads what."""

import uuid
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.log.topic import PartitionInfo
from minibroker.wire.kafka import operations
from minibroker.wire.kafka.call import Answer, Call

_NO_ID = uuid.UUID(int=0)


def answer(call: Call) -> Answer:
    """All topics, or those that are asked for by name or id; one that is not there is made, if it
    is asked for by name and client and server let it."""
    types, request, server = call.types, call.request, call.broker.server
    wanted = request.topics
    if wanted is None or (call.version == 0 and not wanted):
        topics = [_topic(call, name, None) for name in call.cluster.topics()]
    else:
        create = server.auto_create and getattr(request, "allow_auto_topic_creation", True)
        topics = [
            _topic(call, each.name, getattr(each, "topic_id", None), create=create)
            for each in wanted
        ]
    brokers = tuple(
        types.MetadataResponseBroker(node_id=number, host=each.host, port=each.port, rack=None)
        for number, each in server.brokers.items()
        if each.listens
    )
    return types.MetadataResponse(
        brokers=brokers,
        cluster_id=server.cluster_id,
        controller_id=server.controller,
        topics=tuple(topics),
        cluster_authorized_operations=operations.CLUSTER
        if getattr(request, "include_cluster_authorized_operations", False)
        else operations.NOT_ASKED,
    )


def _topic(call: Call, name: str | None, topic_id: Any, *, create: bool = False) -> Any:
    cluster = call.cluster
    code, found = Code.NONE, _NO_ID
    partitions: list[PartitionInfo] = []
    try:
        if name is None:
            name = cluster.topic_of(topic_id or _NO_ID)
        if create and name not in cluster.topics():
            cluster.create_topic(name, call.broker.server.partitions, -1)
        partitions = cluster.describe(name)
        found = cluster.topic_id(name)
    except LogError as error:
        code, found = error.code, topic_id or _NO_ID
    asked = not code and getattr(call.request, "include_topic_authorized_operations", False)
    return call.types.MetadataResponseTopic(
        error_code=code,
        name=name if name is not None or call.version >= 12 else "",
        topic_id=found,
        is_internal=False,
        partitions=tuple(_partition(call, each) for each in partitions),
        topic_authorized_operations=operations.TOPIC if asked else operations.NOT_ASKED,
    )


def _partition(call: Call, info: PartitionInfo) -> Any:
    running = call.cluster.brokers()
    return call.types.MetadataResponsePartition(
        error_code=Code.LEADER_NOT_AVAILABLE if info.leader < 0 else Code.NONE,
        partition_index=info.number,
        leader_id=info.leader,
        leader_epoch=info.epoch,
        replica_nodes=info.replicas,
        isr_nodes=info.isr,
        offline_replicas=tuple(each for each in info.replicas if each not in running),
    )
