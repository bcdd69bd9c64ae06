"""Publish and PublishBatch: to every subscribed queue whose filter policy wants the message.

A queue takes it only if its own policy lets the topic send to it; what cannot be delivered goes to
the dead-letter queue of the subscription, if it has one, and is gone otherwise. Nothing is tried
again: a queue that is gone and one that does not permit it are client errors, which SNS does not
retry (SNS Developer Guide, "Amazon SNS message delivery retries" and "Amazon SNS dead-letter
queues").
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from minibroker.aws import batches, filter_policy, message_attributes, policy
from minibroker.aws.batches import Entry
from minibroker.aws.errors import AwsError, invalid
from minibroker.aws.flow import Flow
from minibroker.aws.message import Message
from minibroker.aws.notification import Notification, check_attributes, enveloped, filtered
from minibroker.aws.queue import Queue
from minibroker.aws.region import Region, parts
from minibroker.aws.sending import ID_CHARACTERS, put, seen
from minibroker.aws.terms import Attributes
from minibroker.aws.topic import Subscription, Topic
from minibroker.aws.topics import topic_of
from minibroker.sim.trace import DeadLettered, Published

MOST_SUBJECT = 100
MOST_ID = 80
SEQUENCE_BASE, SEQUENCE_STEP = 10**19, 1000
NONE: Attributes = {}
SERVICE = "sns.amazonaws.com"

BATCH_ERRORS = {
    "EmptyBatchRequest": "The batch request doesn't contain any entries.",
    "InvalidBatchEntryId": "The Id of a batch entry in a batch request doesn't abide by the "
    "specification.",
    "TooManyEntriesInBatchRequest": "The batch request contains more entries than permissible.",
    "BatchEntryIdsNotDistinct": "Two or more batch entries in the request have the same Id.",
}


class Publishing:
    """See the module."""

    def __init__(self, region: Region, flow: Flow) -> None:
        self._region, self._flow = region, flow

    def publish(
        self,
        who: str,
        topic_arn: str | None = None,
        target_arn: str | None = None,
        phone_number: str | None = None,
        message: str | None = None,
        subject: str | None = None,
        message_structure: str | None = None,
        message_attributes: Attributes | None = None,
        message_deduplication_id: str | None = None,
        message_group_id: str | None = None,
    ) -> dict[str, Any]:
        """Send one message to all subscribers of a topic."""
        if phone_number is not None:
            raise invalid(
                "PhoneNumber Reason: this server reaches no telephone; publish to a topic"
            )
        arn = topic_arn or target_arn
        if not arn:
            raise invalid("TopicArn or TargetArn Reason: no value for required parameter")
        if parts(arn)[1] not in ("", self._region.name):
            raise invalid("TopicArn")
        topic = topic_of(self._region, arn)
        entry = {
            "Message": message,
            "Subject": subject,
            "MessageStructure": message_structure,
            "MessageAttributes": message_attributes,
            "MessageDeduplicationId": message_deduplication_id,
            "MessageGroupId": message_group_id,
        }
        return self._publish(who, topic, entry)

    def publish_batch(
        self,
        who: str,
        topic_arn: str | None = None,
        publish_batch_request_entries: Sequence[Entry] | None = None,
    ) -> dict[str, Any]:
        """Send up to ten."""
        topic = topic_of(self._region, topic_arn)
        entries = publish_batch_request_entries or ()
        for entry in entries:
            _check_id(entry.get("Id") or "")
        batches.check(
            entries,
            "PublishBatchRequestEntry",
            lambda name, message: AwsError(name, BATCH_ERRORS[name]),
        )
        length = sum(
            len((entry.get("Message") or "").encode("utf-8", "surrogatepass")) for entry in entries
        )
        if length > topic.most_bytes:
            raise AwsError(
                "BatchRequestTooLong",
                "The length of all the messages put together is more than the limit.",
            )
        for entry in entries:  # what is seen at AWS to refuse all of it
            _identity(topic, "", entry)
            _chosen(entry.get("Message") or "", entry.get("MessageStructure"))
        return batches.each(entries, lambda entry: self._publish(who, topic, entry))

    # --- one message -----------------------------------------------------------------------

    def _publish(self, who: str, topic: Topic, entry: Entry) -> dict[str, Any]:
        region = self._region
        text = _text(topic, entry)
        attributes: Attributes = entry.get("MessageAttributes") or NONE
        group, deduplication = _identity(topic, text, entry)
        sequence = ""
        if topic.fifo:
            key = (group, deduplication) if topic.by_group else deduplication
            before = topic.sent.find(key, region.now)
            if before is not None:
                return {"MessageId": before[0], "SequenceNumber": before[1]}
            topic.messages += 1
            sequence = str(SEQUENCE_BASE + SEQUENCE_STEP * topic.messages)
        sent = Notification(
            id=region.new_id(),
            text=text,
            subject=entry.get("Subject"),
            attributes=attributes,
            at=region.now,
            sequence=sequence,
            group=group,
            deduplication=deduplication,
        )
        if topic.fifo:
            topic.sent.add(key, (sent.id, sequence), region.now)
        self._deliver(who, topic, sent)
        told = {"MessageId": sent.id}
        return told | {"SequenceNumber": sequence} if sequence else told

    def _deliver(self, who: str, topic: Topic, sent: Notification) -> None:
        region, number = self._region, self._region.trace.new_message()
        wanted = [each for each in topic.subscriptions.values() if _wants(each, sent)]
        ways = [(each, self._way(topic, each, sent)) for each in wanted]
        takers = [(each, queue) for each, queue in ways if queue is not None]
        region.trace.append(
            Published(
                at=region.now,
                who=who,
                message=number,
                exchange=topic.name,
                routing_key="",
                queues=[queue.name for _, queue in takers],
                body=sent.text.encode(),
                headers=message_attributes.headers(sent.attributes),
            )
        )
        for subscription, queue in ways:
            if queue is None:
                queue = self._dead_letters(topic, subscription, number)
            if queue is not None:
                self._put(who, topic, subscription, sent, number, queue)

    def _way(self, topic: Topic, subscription: Subscription, sent: Notification) -> Queue | None:
        """The subscribed queue, if the message can be delivered to it."""
        queue = self._region.queue_of(subscription.endpoint)
        if queue is None or not self._may(topic, queue):
            return None
        if subscription.raw and len(sent.attributes) > message_attributes.MOST:
            return None  # a client error too (SNS Developer Guide, "Message attributes")
        length = len(sent.text.encode()) + message_attributes.size(sent.attributes)
        return queue if length <= queue.settings.most_bytes else None

    def _may(self, topic: Topic, queue: Queue) -> bool:
        if not self._region.checks_policies:
            return True
        facts = {"aws:SourceArn": topic.arn, "aws:SourceAccount": topic.account}
        return policy.allows(queue.settings.policy, SERVICE, "sqs:SendMessage", queue.arn, facts)

    def _dead_letters(self, topic: Topic, subscription: Subscription, number: int) -> Queue | None:
        target = self._region.queue_of(subscription.dead_letters)
        if target is not None and not self._may(topic, target):
            target = None
        name = subscription.endpoint.rpartition(":")[2]
        self._region.trace.append(
            DeadLettered(
                at=self._region.now,
                who="broker",
                queue=name,
                message=number,
                reason="undelivered",
                exchange=topic.name,
                routing_key=name,
                queues=[target.name] if target is not None else [],
            )
        )
        return target

    def _put(
        self,
        who: str,
        topic: Topic,
        subscription: Subscription,
        sent: Notification,
        number: int,
        queue: Queue,
    ) -> None:
        region = self._region.regions[queue.arn.split(":")[3]]
        if seen(region, queue, who, sent.group, sent.deduplication) is not None:
            return
        body = sent.text
        attributes = sent.attributes if subscription.raw else NONE
        if not subscription.raw:
            body = enveloped(topic, subscription, sent, region.endpoint)
        message = Message(
            number=number,
            id=region.new_id(),
            body=body,
            digest=hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            sender=SERVICE,
            attributes=attributes,
            attributes_digest=message_attributes.digest(attributes) if attributes else "",
            group=sent.group if queue.fifo or not topic.fifo else "",
            deduplication=sent.deduplication if queue.fifo else "",
        )
        self._flow.look(queue)
        put(region, self._flow, queue, message, queue.settings.delay)


def _wants(subscription: Subscription, sent: Notification) -> bool:
    if subscription.filter is None:
        return True
    if not subscription.in_body:
        return filter_policy.matches_attributes(subscription.filter, filtered(sent.attributes))
    try:
        body = json.loads(sent.text)
    except (ValueError, RecursionError):
        return False
    return filter_policy.matches_body(subscription.filter, body)


# --- what may be published -----------------------------------------------------------------


def _text(topic: Topic, entry: Entry) -> str:
    """What queues get of it. InvalidParameter for what a topic does not take."""
    text, subject = entry.get("Message"), entry.get("Subject")
    attributes: Attributes = entry.get("MessageAttributes") or NONE
    if not text:
        raise invalid("Empty message")
    if subject is not None and not (
        subject and len(subject) <= MOST_SUBJECT and subject.isprintable()
    ):
        raise invalid("Subject")
    check_attributes(attributes)
    try:
        length = len(text.encode()) + message_attributes.size(attributes)
    except UnicodeEncodeError:
        raise invalid("Message Reason: it is no UTF-8") from None
    if length > topic.most_bytes:
        raise invalid("Message too long")
    return _chosen(str(text), entry.get("MessageStructure"))


def _chosen(text: str, structure: str | None) -> str:
    """What is meant for queues, of a message that may have another text for each protocol."""
    if structure is None:
        return text
    if structure != "json":
        raise invalid("MessageStructure")
    try:
        by_protocol = json.loads(text)
    except (ValueError, RecursionError):
        by_protocol = None
    if not isinstance(by_protocol, dict):
        raise invalid("Message Structure - JSON message body failed to parse")
    if not isinstance(by_protocol.get("default"), str):
        raise invalid("Message Structure - No default entry in JSON message body")
    mine = by_protocol.get("sqs")
    return mine if isinstance(mine, str) else str(by_protocol["default"])


def _check_id(text: str) -> None:
    if len(text) > MOST_ID:
        raise AwsError(
            "InvalidBatchEntryId",
            f"The Id of a batch entry in the batch request is too long: {text}",
        )
    if text and not batches.ID.fullmatch(text):
        raise AwsError(
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: "
            f"{text}",
        )


def _identity(topic: Topic, text: str, entry: Entry) -> tuple[str, str]:
    """Message group and deduplication id, empty for none."""
    group, deduplication = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if value is not None and not (1 <= len(value) <= 128 and ID_CHARACTERS.issuperset(value)):
            raise invalid(
                f"{name} Reason: it can only include alphanumeric and punctuation characters, 1 to "
                "128 of them"
            )
    if not topic.fifo:
        if deduplication is not None:
            raise invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
                "parameter that is not valid for this topic type"
            )
        return group or "", ""
    if group is None:
        raise invalid("The MessageGroupId parameter is required for FIFO topics")
    if deduplication is None:
        if not topic.content_based:
            raise invalid(
                "The topic should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )
        deduplication = hashlib.sha256(text.encode()).hexdigest()
    return group, deduplication
