"""SendMessage and SendMessageBatch."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from minibroker.aws import batches, message_attributes, terms
from minibroker.aws.batches import Entry
from minibroker.aws.errors import AwsError, bad_parameter, bad_value, missing, simple
from minibroker.aws.flow import Flow
from minibroker.aws.lookup import queue_at
from minibroker.aws.message import Message
from minibroker.aws.queue import Queue
from minibroker.aws.region import Region
from minibroker.aws.rendering import sequence_number
from minibroker.aws.terms import Attributes
from minibroker.sim.clock import SECOND
from minibroker.sim.trace import Published, SendIgnored

MOST_DELAY = 900
ID_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)
NONE: Attributes = {}

UNIDENTIFIED = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
    "provided explicitly"
)


class Sending:
    """See the module."""

    def __init__(self, region: Region, flow: Flow) -> None:
        self._region, self._flow = region, flow

    def send_message(
        self,
        who: str,
        queue_url: str | None = None,
        message_body: str | None = None,
        delay_seconds: int | None = None,
        message_attributes: Attributes | None = None,
        message_system_attributes: Attributes | None = None,
        message_deduplication_id: str | None = None,
        message_group_id: str | None = None,
    ) -> dict[str, Any]:
        """Put one message into a queue."""
        entry = {
            "MessageBody": message_body,
            "DelaySeconds": delay_seconds,
            "MessageAttributes": message_attributes,
            "MessageSystemAttributes": message_system_attributes,
            "MessageDeduplicationId": message_deduplication_id,
            "MessageGroupId": message_group_id,
        }
        queue = queue_at(self._region, queue_url)
        self._flow.look(queue)
        return self._send(who, queue, entry)

    def send_message_batch(
        self, who: str, queue_url: str | None = None, entries: Sequence[Entry] | None = None
    ) -> dict[str, Any]:
        """Put up to ten messages into a queue, in their order."""
        queue = queue_at(self._region, queue_url)
        entries = entries or ()
        batches.check(entries, "SendMessageBatchRequestEntry")
        self._flow.look(queue)
        length = sum(
            len((entry.get("MessageBody") or "").encode("utf-8", "surrogatepass"))
            + _size(entry.get("MessageAttributes") or NONE)
            for entry in entries
        )
        if length > terms.MOST_BYTES:
            raise simple(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {terms.MOST_BYTES} bytes. You have sent "
                f"{length} bytes.",
            )
        if queue.fifo:
            _check_identities(queue, entries)

        def send(entry: Entry) -> dict[str, Any]:
            return self._send(who, queue, entry, "cannot be validated")

        return batches.each(entries, send)

    # --- one message -----------------------------------------------------------------------

    def _send(
        self, who: str, queue: Queue, entry: Entry, wrong: str = "are invalid"
    ) -> dict[str, Any]:
        body = entry.get("MessageBody")
        attributes: Attributes = entry.get("MessageAttributes") or NONE
        system: Attributes = entry.get("MessageSystemAttributes") or NONE
        check_content(queue, body, attributes, system, wrong)
        assert body is not None
        delay = _delay(queue, entry.get("DelaySeconds"))
        group, deduplication = identity(
            queue, body, entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
        )
        told = {
            "MD5OfMessageBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            **(
                {"MD5OfMessageAttributes": message_attributes.digest(attributes)}
                if attributes
                else {}
            ),
            **(
                {"MD5OfMessageSystemAttributes": message_attributes.digest(system)}
                if system
                else {}
            ),
        }
        if (before := seen(self._region, queue, who, group, deduplication)) is not None:
            return {**told, "MessageId": before[0], "SequenceNumber": before[1]}
        message = Message(
            number=self._region.trace.new_message(),
            id=self._region.new_id(),
            body=body,
            digest=told["MD5OfMessageBody"],
            sender=self._region.account,
            attributes=attributes,
            attributes_digest=told.get("MD5OfMessageAttributes", ""),
            trace_header=system[message_attributes.TRACE_HEADER]["StringValue"] if system else "",
            group=group,
            deduplication=deduplication,
        )
        self._region.trace.append(
            Published(
                at=self._region.now,
                who=who,
                message=message.number,
                exchange="",
                routing_key=queue.name,
                queues=[queue.name],
                body=body.encode(),
                headers=message_attributes.headers(attributes),
            )
        )
        number = put(self._region, self._flow, queue, message, delay)
        told["MessageId"] = message.id
        if queue.fifo:
            told["SequenceNumber"] = number
        return told


def put(region: Region, flow: Flow, queue: Queue, message: Message, delay: int) -> str:
    """A new message comes to a queue; gives its sequence number. A FIFO queue remembers it."""
    copy = flow.arrive(queue, message, delay)
    number = sequence_number(copy.position)
    if queue.fifo:
        key = (message.group, message.deduplication) if queue.settings.by_group else (
            message.deduplication
        )  # fmt: skip
        queue.sent.add(key, (message.id, number, message.number), region.now)
    return number


def seen(
    region: Region, queue: Queue, who: str, group: str, deduplication: str
) -> tuple[str, str, int] | None:
    """What was sent less than five minutes ago under the same deduplication id, in the group or in
    the queue (DeduplicationScope)."""
    if not queue.fifo:
        return None
    key = (group, deduplication) if queue.settings.by_group else deduplication
    before = queue.sent.find(key, region.now)
    if before is not None:
        region.trace.append(
            SendIgnored(at=region.now, who=who, queue=queue.name, message=before[2])
        )
    return before


# --- what may be sent ----------------------------------------------------------------------


def check_content(
    queue: Queue, body: str | None, attributes: Attributes, system: Attributes, wrong: str
) -> None:
    """Refuse what a queue does not take. Of a message that is too long it says that parameters are
    `wrong`."""
    if not body:
        raise missing("MessageBody")
    if not terms.allowed(body):
        raise AwsError(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
            "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )
    if attributes:
        message_attributes.check(attributes)
    if system:
        message_attributes.check_system(system)
    length = len(body) if body.isascii() else len(body.encode())
    if length + message_attributes.size(attributes) > queue.settings.most_bytes:
        raise bad_parameter(
            f"One or more parameters {wrong}. Reason: Message must be shorter than "
            f"{queue.settings.most_bytes} bytes."
        )


def identity(
    queue: Queue, body: str, group: str | None, deduplication: str | None
) -> tuple[str, str]:
    """The message group and deduplication id that a message has, empty for none."""
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if value is not None and not (1 <= len(value) <= 128 and ID_CHARACTERS.issuperset(value)):
            raise bad_value(
                name,
                value,
                f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in "
                "length.",
            )
    if not queue.fifo:
        if deduplication is not None:
            raise bad_value(
                "MessageDeduplicationId",
                deduplication,
                "The request includes a parameter that is not valid for this queue type.",
            )
        return group or "", ""
    if group is None:
        raise missing("MessageGroupId")
    if deduplication is None:
        if not queue.settings.content_based:
            raise bad_parameter(UNIDENTIFIED)
        deduplication = hashlib.sha256(body.encode()).hexdigest()
    return group, deduplication


def _check_identities(queue: Queue, entries: Sequence[Entry]) -> None:
    """A FIFO queue refuses a whole batch if an id is missing in one entry, which is seen at AWS and
    written nowhere."""
    for entry in entries:
        if entry.get("MessageGroupId") is None:
            raise bad_parameter("The request must contain the parameter MessageGroupId.")
        if entry.get("MessageDeduplicationId") is None and not queue.settings.content_based:
            raise bad_parameter(UNIDENTIFIED)


def _delay(queue: Queue, seconds: int | None) -> int:
    """In microseconds."""
    if seconds is None:
        return queue.settings.delay
    if not 0 <= seconds <= MOST_DELAY:
        raise bad_value("DelaySeconds", seconds, f"DelaySeconds must be >= 0 and <= {MOST_DELAY}.")
    if queue.fifo and seconds:
        raise bad_value(
            "DelaySeconds",
            seconds,
            "The request include parameter that is not valid for this queue type.",
        )
    return queue.settings.delay if queue.fifo else seconds * SECOND


def _size(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Like `message_attributes.size`, of what may be wrong yet."""
    try:
        return message_attributes.size(attributes)
    except (KeyError, TypeError, AttributeError):
        return 0
