"""A received message as the API has it, with the attributes that its receiver asked for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from minibroker.aws import message_attributes
from minibroker.aws.errors import AwsError, no_attribute
from minibroker.aws.message import Copy

SEQUENCE_BASE, SEQUENCE_STEP = 18_849_496_460_467_696_128, 256

SYSTEM = frozenset(
    {
        "All", "SenderId", "SentTimestamp", "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp", "SequenceNumber", "MessageDeduplicationId",
        "MessageGroupId", "AWSTraceHeader", "DeadLetterQueueSourceArn", "SqsManagedSseEnabled",
    }
)  # fmt: skip
"""What MessageSystemAttributeNames may have (SQS API, ReceiveMessage)."""


class Wants(NamedTuple):
    """The names of the system attributes and of the message's own that a receiver asked for."""

    system: Sequence[str]
    own: Sequence[str]


def wanted(system: Sequence[str], own: Sequence[str]) -> Wants:
    """InvalidAttributeName for a system attribute that there is not."""
    for name in system:
        if name not in SYSTEM:
            raise no_attribute(name)
    for name in own:
        if not isinstance(name, str):
            raise AwsError("InvalidParameterValue", "A message attribute's name is text.")
    return Wants(system, own)


def sequence_number(position: int) -> str:
    """Large, and larger for each message: AWS leaves room between two."""
    return str(SEQUENCE_BASE + SEQUENCE_STEP * position)


def rendered(copy: Copy, handle: str, sent_ms: int, fifo: bool, wants: Wants) -> dict[str, Any]:
    """The message of one receive."""
    message = copy.message
    found: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": handle,
        "MD5OfBody": message.digest,
        "Body": message.body,
    }
    if wants.system:
        everything = _system(copy, sent_ms, fifo)
        names = everything if "All" in wants.system else wants.system
        if chosen := {name: everything[name] for name in names if name in everything}:
            found["Attributes"] = chosen
    if wants.own and message.attributes:
        own = message_attributes.chosen(message.attributes, wants.own)
        if own:
            whole = len(own) == len(message.attributes)
            found["MD5OfMessageAttributes"] = (
                message.attributes_digest if whole else message_attributes.digest(own)
            )
            found["MessageAttributes"] = own
    return found


def _system(copy: Copy, sent_ms: int, fifo: bool) -> dict[str, str]:
    message = copy.message
    found = {
        "SenderId": message.sender,
        "SentTimestamp": str(sent_ms),
        "ApproximateReceiveCount": str(copy.receives),
        "ApproximateFirstReceiveTimestamp": str(copy.first_received),
    }
    if message.group:
        found["MessageGroupId"] = message.group
    if fifo:
        found["MessageDeduplicationId"] = message.deduplication
        found["SequenceNumber"] = sequence_number(copy.position)
    if message.trace_header:
        found["AWSTraceHeader"] = message.trace_header
    if copy.source:
        found["DeadLetterQueueSourceArn"] = copy.source
    return found
