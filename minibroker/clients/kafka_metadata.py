"""The cluster's topics and partitions as the real library's `ClusterMetadata`, which producers,
consumers and admin clients give from `list_topics`."""

from typing import Any, cast

from confluent_kafka import KafkaError
from confluent_kafka.admin import _metadata as metadata

from minibroker.sim.values import Value

CLUSTER = "ackademy"
PORT = 9092


def cluster_metadata(answer: Value) -> Any:
    """Made of the answer to ``list_topics``."""
    found = cast("dict[str, Any]", answer)
    cluster: Any = metadata.ClusterMetadata()
    cluster.cluster_id = CLUSTER
    cluster.controller_id = 1
    cluster.brokers = {number: broker(number) for number in found["brokers"]}
    cluster.topics = {name: _topic(name, known) for name, known in found["topics"].items()}
    cluster.orig_broker_id = 1
    cluster.orig_broker_name = f"kafka:{PORT}/1"
    return cluster


def broker(number: int) -> Any:
    """One broker, by its number from 1."""
    made: Any = metadata.BrokerMetadata()
    made.id = number
    made.host = "kafka" if number == 1 else f"kafka-{number}"
    made.port = PORT
    return made


def _topic(name: str, known: dict[str, Any]) -> Any:
    topic: Any = metadata.TopicMetadata()
    topic.topic = name
    topic.error = KafkaError(known["error"]) if known["error"] else None
    for row in known["partitions"]:
        partition: Any = metadata.PartitionMetadata()
        partition.id, partition.leader, partition.replicas, partition.isrs = row
        if partition.leader < 0:
            partition.error = KafkaError(KafkaError.LEADER_NOT_AVAILABLE)
        topic.partitions[partition.id] = partition
    return topic
