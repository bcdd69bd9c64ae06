"""A topic and its subscriptions: what they are set to (SNS API, CreateTopic and Subscribe).

Rule: values come and go as text, as the API has them; what the engine decides by is read from them
once, here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minibroker.aws import filter_checks
from minibroker.aws.errors import AwsError, invalid
from minibroker.aws.terms import DEDUPLICATION, FIFO, MOST_BYTES
from minibroker.aws.windows import Window

DEFAULT_BYTES = 256 * 1024

FEEDBACK = tuple(
    f"{target}{what}"
    for target in ("HTTP", "Firehose", "Lambda", "Application", "SQS")
    for what in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
)

TOPIC_ATTRIBUTES = frozenset(
    {
        "ContentBasedDeduplication", "DataProtectionPolicy", "DeliveryPolicy", "DisplayName",
        "FifoThroughputScope", "FifoTopic", "KmsMasterKeyId", "MaximumMessageSize", "Policy",
        "SignatureVersion", "TracingConfig", *FEEDBACK,
    }
)  # fmt: skip

SUBSCRIPTION_ATTRIBUTES = frozenset(
    {"DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"}
)

DELIVERY_POLICY = {
    "http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20,
            "maxDelayTarget": 20,
            "numRetries": 3,
            "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0,
            "numMinDelayRetries": 0,
            "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }
}
"""How SNS tries again over HTTP, which nobody does here."""

ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic",
    "Subscribe", "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Subscription:
    """A queue's subscription to a topic."""

    arn: str
    endpoint: str
    owner: str
    texts: dict[str, str]
    filter: Mapping[str, Any] | None = None
    in_body: bool = False
    raw: bool = False
    dead_letters: str = ""
    """The ARN of the queue for what cannot be delivered."""


@dataclass(slots=True, eq=False)
class Topic:
    """A topic of one region."""

    name: str
    arn: str
    account: str
    texts: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    """By ARN, in the order in which they were made."""
    deleted_subscriptions: int = 0
    sent: Window[tuple[str, str]] = field(default_factory=lambda: Window(DEDUPLICATION))
    messages: int = 0

    @property
    def fifo(self) -> bool:
        """Whether it is a FIFO topic."""
        return self.name.endswith(FIFO)

    @property
    def most_bytes(self) -> int:
        """The longest message."""
        return int(self.texts.get("MaximumMessageSize", DEFAULT_BYTES))

    @property
    def content_based(self) -> bool:
        """Whether a message without a deduplication id has its body's digest for one."""
        return self.texts.get("ContentBasedDeduplication") == "true"

    @property
    def by_group(self) -> bool:
        """Whether deduplication ids are compared within a message group only."""
        return self.texts.get("FifoThroughputScope", "MessageGroup") == "MessageGroup"


def default_policy(arn: str, account: str) -> str:
    """Who may do what, when nobody has said: the owner everything."""
    return json.dumps(
        {
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Sid": "__default_statement_ID",
                    "Principal": {"AWS": "*"},
                    "Action": [f"SNS:{action}" for action in ACTIONS],
                    "Resource": arn,
                    "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
                }
            ],
        }
    )


def check_topic_attribute(name: str, value: str, fifo: bool) -> None:
    """InvalidParameter for one that there is not or that cannot be so."""
    if name not in TOPIC_ATTRIBUTES:
        raise invalid("AttributeName")
    if name in ("FifoTopic", "ContentBasedDeduplication"):
        if value not in ("true", "false"):
            raise invalid(f"{name} Reason: must be true or false")
        if name == "ContentBasedDeduplication" and not fifo:
            raise invalid("Content-based deduplication can only be set for FIFO topics")
    elif name == "MaximumMessageSize":
        if not (value.isascii() and value.isdigit() and 1024 <= int(value[:9]) <= MOST_BYTES):
            raise invalid(f"MaximumMessageSize Reason: must be from 1024 to {MOST_BYTES}")
    elif name == "FifoThroughputScope":
        if value not in ("Topic", "MessageGroup") or not fifo:
            raise invalid("FifoThroughputScope Reason: Topic or MessageGroup, of a FIFO topic")
    elif name == "TracingConfig" and value not in ("PassThrough", "Active"):
        raise invalid("TracingConfig Reason: must be PassThrough or Active")
    elif name == "SignatureVersion" and value not in ("1", "2"):
        raise invalid("SignatureVersion Reason: must be 1 or 2")
    elif name in ("Policy", "DeliveryPolicy") and value:
        _object(name, value)


def set_subscription(subscription: Subscription, given: Mapping[str, str], where: str = "") -> None:
    """Set attributes of a subscription, all or none of them. An empty FilterPolicy or RedrivePolicy
    takes it away. `where` is what a refusal begins with."""
    for name, value in given.items():
        if name not in SUBSCRIPTION_ATTRIBUTES:
            raise invalid("AttributeName")
        if name == "RawMessageDelivery" and value.lower() not in ("true", "false"):
            raise invalid(
                f"{where}RawMessageDelivery: Invalid value [{value}]. Must be true or false."
            )
        if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
            raise invalid(
                f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or "
                "MessageAttributes"
            )
    texts = subscription.texts | dict(given)
    in_body = texts.get("FilterPolicyScope") == "MessageBody"
    text = texts.get("FilterPolicy", "")
    wanted = filter_checks.checked(text, in_body) if text else None
    dead_letters = _dead_letters(texts.get("RedrivePolicy", ""))
    if given.get("DeliveryPolicy"):
        _object("DeliveryPolicy", given["DeliveryPolicy"])
    subscription.texts = {name: value for name, value in texts.items() if value}
    subscription.filter, subscription.in_body = wanted or None, in_body
    subscription.raw = texts.get("RawMessageDelivery", "").lower() == "true"
    subscription.dead_letters = dead_letters


def _dead_letters(text: str) -> str:
    if not text:
        return ""
    target = _object("RedrivePolicy", text).get("deadLetterTargetArn")
    if not isinstance(target, str) or not target.startswith("arn:aws:sqs:"):
        raise invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    return target


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise invalid(f"{name}: failed to parse JSON.")
    return found


def differs(topic: Topic, given: Mapping[str, str]) -> AwsError | None:
    """CreateTopic of a topic that there is: with other attributes it is refused."""
    if all(topic.texts.get(name, "") == value for name, value in given.items()):
        return None
    return invalid("Attributes Reason: Topic already exists with different attributes")
