"""What a topic sends, and how a subscribed queue gets it: in SNS's envelope, or raw (SNS Developer
Guide, "Parsing message formats" and "Raw message delivery").

Nobody signs here: the envelope says so where AWS has a signature.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from minibroker.aws import message_attributes
from minibroker.aws.errors import AwsError
from minibroker.aws.terms import Attributes
from minibroker.aws.topic import Subscription, Topic
from minibroker.log.terms import EPOCH_US
from minibroker.sim.modules import EPOCH

UNSIGNED = "not-signed"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that was published, as all subscribers get it. `text` is what is meant for queues;
    `at` is virtual time; `sequence` is empty but from a FIFO topic."""

    id: str
    text: str
    subject: str | None
    attributes: Attributes
    at: int
    sequence: str = ""
    group: str = ""
    deduplication: str = ""


def enveloped(topic: Topic, subscription: Subscription, sent: Notification, endpoint: str) -> str:
    """The JSON object that a queue gets that has not asked for raw delivery."""
    told: dict[str, Any] = {"Type": "Notification", "MessageId": sent.id}
    if sent.sequence:
        told["SequenceNumber"] = sent.sequence
    told["TopicArn"] = topic.arn
    if sent.subject is not None:
        told["Subject"] = sent.subject
    told |= {
        "Message": sent.text,
        "Timestamp": timestamp(sent.at),
    }
    if not topic.fifo:
        told |= {
            "SignatureVersion": topic.texts.get("SignatureVersion", "1"),
            "Signature": UNSIGNED,
            "SigningCertURL": f"{endpoint}/{UNSIGNED}.pem",
        }
    told["UnsubscribeURL"] = f"{endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}"
    if sent.attributes:
        told["MessageAttributes"] = {
            name: {"Type": each["DataType"], "Value": _text(each)}
            for name, each in sent.attributes.items()
        }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _text(attribute: Any) -> str:
    value = attribute[message_attributes.field(attribute["DataType"])]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def timestamp(at: int) -> str:
    """A virtual time as ISO 8601 has it, to the millisecond."""
    seconds, rest = divmod(EPOCH_US + at, 1_000_000)
    moment = EPOCH.fromtimestamp(seconds, EPOCH.tzinfo)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000:03}Z"


def filtered(attributes: Attributes) -> dict[str, list[Any]]:
    """The attributes as a filter policy compares them: a number as one, a String.Array as its
    elements. A binary one has no value that could match."""
    return {name: _values(each) for name, each in attributes.items()}


def _values(attribute: Any) -> list[Any]:
    kind = attribute["DataType"]
    if kind.startswith("Binary"):
        return []
    text = attribute["StringValue"]
    if kind.startswith("Number"):
        return [float(text)]
    if kind == "String.Array":
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return [text]
        return found if isinstance(found, list) else [found]
    return [text]


def check_attributes(attributes: Attributes) -> None:
    """Refuse what SNS refuses, with its code for it (SNS API, Publish,
    InvalidParameterValueException). SNS itself sets no limit to their number."""
    for name, attribute in attributes.items():
        kind = attribute.get("DataType") or ""
        if not kind:
            raise _wrong(
                f"The message attribute '{name}' must contain non-empty message attribute type."
            )
        if not message_attributes.TYPE.fullmatch(kind):
            raise _wrong(
                f"The message attribute '{name}' has an invalid message attribute type, the set of "
                "supported type prefixes is Binary, Number, and String."
            )
        value = attribute.get(message_attributes.field(kind))
        if not value:
            raise _wrong(
                f"The message attribute '{name}' must contain non-empty message attribute value "
                f"for message attribute type '{kind}'."
            )
        if kind.startswith("Number") and not message_attributes.NUMBER.fullmatch(value):
            raise _wrong(f"Could not cast message attribute '{name}' value to number.")


def _wrong(message: str) -> AwsError:
    return AwsError("ParameterValueInvalid", message, shape="InvalidParameterValueException")
