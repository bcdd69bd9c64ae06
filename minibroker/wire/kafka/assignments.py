"""What is in a member's assignment, which the group coordinator passes on unread: for the trace and
for operators.

Source: ``ConsumerProtocolAssignment.json`` of Kafka. Other kinds of groups put other things there.
"""

from typing import Any

from kio.schema.consumer_protocol_assignment.v0.data import ConsumerProtocolAssignment
from kio.serial import entity_reader

from minibroker.sim.values import Value

_read: Any = entity_reader(ConsumerProtocolAssignment)


def owned(assignment: object) -> list[Value]:
    """``[topic, partition]`` each; empty for what is not the assignment of a consumer."""
    if isinstance(assignment, list):  # of the newer protocol, for which the broker assigns
        return [[topic, partition] for topic, partition in assignment]
    if not isinstance(assignment, bytes) or len(assignment) < 2:
        return []
    try:
        found, _ = _read(assignment, 2)
    except Exception:  # whatever another protocol wrote
        return []
    return [
        [topic.topic, partition]
        for topic in found.assigned_partitions
        for partition in topic.partitions
    ]
