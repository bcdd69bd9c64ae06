"""The attributes of a queue that its owner may set: names, limits, defaults (SQS API, CreateQueue).

Rule: values come and go as text, as the API has them; what the engine counts with is read from them
once, here.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minibroker.aws.errors import AwsError, bad_attribute, no_attribute
from minibroker.aws.terms import FIFO, MOST_BYTES
from minibroker.sim.clock import SECOND

RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, MOST_BYTES),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}

CHOICES = {
    "FifoQueue": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
    "SqsManagedSseEnabled": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}

TEXTS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId")

NAMES = frozenset({*RANGES, *CHOICES, *TEXTS})

ONLY_FIFO = frozenset(
    {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}
)

DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(MOST_BYTES),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
    "SqsManagedSseEnabled": "true",
}

FIFO_DEFAULTS = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}

MOST_RECEIVES = 1000
MOST_SOURCES = 10


@dataclass(frozen=True, slots=True)
class RedrivePolicy:
    """After how many receives a message goes to which queue."""

    target: str
    most_receives: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What a queue goes by. Spans are microseconds. `texts` are the attributes as they were set."""

    fifo: bool
    texts: Mapping[str, str]
    delay: int = 0
    most_bytes: int = MOST_BYTES
    retention: int = 0
    wait: int = 0
    visibility: int = 0
    content_based: bool = False
    by_group: bool = False
    """Whether deduplication ids are compared within a message group only."""
    redrive: RedrivePolicy | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    may_redrive: Callable[[str], bool] = lambda arn: True
    """Whether a queue of this ARN may have this one as its dead-letter queue."""


def made(name: str, given: Mapping[str, str]) -> Settings:
    """The settings of a new queue."""
    fifo = name.endswith(FIFO)
    given = _lowered(given)
    if given.get("FifoQueue") == "true" and not fifo:
        raise AwsError(
            "InvalidParameterValue",
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length.",
            shape="InvalidParameterValueException",
        )
    if fifo and "FifoQueue" not in given:
        raise AwsError(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            shape="InvalidParameterValueException",
        )
    defaults = DEFAULTS | FIFO_DEFAULTS if fifo else DEFAULTS
    return _read(fifo, defaults, given)


def changed(settings: Settings, given: Mapping[str, str]) -> Settings:
    """The settings after SetQueueAttributes."""
    given = _lowered(given)
    if settings.fifo and given.get("FifoQueue", "true") != "true":
        raise bad_attribute("FifoQueue", "Modifying queue type is not supported.")
    return _read(settings.fifo, settings.texts, given)


def differing(settings: Settings, wanted: Settings, given: Iterable[str]) -> str:
    """An attribute that is given otherwise than the queue has it; empty if there is none."""
    for name in given:
        if not _same(settings.texts.get(name, ""), wanted.texts.get(name, "")):
            return name
    return ""


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return bool(one and other) and json.loads(one) == json.loads(other)
    except ValueError:
        return False


def _read(fifo: bool, before: Mapping[str, str], given: Mapping[str, str]) -> Settings:
    for name in given:
        if not fifo and name in ("DeduplicationScope", "FifoThroughputLimit"):
            raise AwsError(
                "InvalidAttributeName",
                f"You can specify the {name} only when FifoQueue is set to true.",
            )
        if name not in NAMES or (name in ONLY_FIFO and not fifo):
            raise no_attribute(name)
    texts = dict(before)
    for name, value in given.items():
        _check(name, value)
        if value:
            texts[name] = value
        else:
            texts.pop(name, None)
    if given.get("KmsMasterKeyId") and "SqsManagedSseEnabled" not in given:
        texts["SqsManagedSseEnabled"] = "false"
    if texts.get("KmsMasterKeyId") and texts.get("SqsManagedSseEnabled") == "true":
        raise AwsError(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE.",
        )
    if texts.get("FifoThroughputLimit") == "perMessageGroupId" and (
        texts.get("DeduplicationScope") != "messageGroup"
    ):
        raise bad_attribute("FifoThroughputLimit")
    redrive = _redrive(texts.get("RedrivePolicy", ""))
    if redrive is not None and f'"{redrive.most_receives}"' in texts["RedrivePolicy"]:
        texts["RedrivePolicy"] = json.dumps(
            {"deadLetterTargetArn": redrive.target, "maxReceiveCount": redrive.most_receives},
            separators=(",", ":"),
        )
    return Settings(
        fifo=fifo,
        texts=texts,
        delay=int(texts["DelaySeconds"]) * SECOND,
        most_bytes=int(texts["MaximumMessageSize"]),
        retention=int(texts["MessageRetentionPeriod"]) * SECOND,
        wait=int(texts["ReceiveMessageWaitTimeSeconds"]) * SECOND,
        visibility=int(texts["VisibilityTimeout"]) * SECOND,
        content_based=texts.get("ContentBasedDeduplication") == "true",
        by_group=texts.get("DeduplicationScope") == "messageGroup",
        redrive=redrive,
        policy=_object("Policy", texts.get("Policy", "")),
        may_redrive=_allowing(texts.get("RedriveAllowPolicy", "")),
    )


def _lowered(given: Mapping[str, str]) -> dict[str, str]:
    """AWS takes ``True`` for ``true``, and gives the latter."""
    return {
        name: value.lower()
        if CHOICES.get(name) == ("true", "false") and isinstance(value, str)
        else value
        for name, value in given.items()
    }


def _check(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise bad_attribute(name)
    if name in RANGES:
        least, most = RANGES[name]
        if not (value.isascii() and value.isdigit() and least <= int(value[:9]) <= most):
            raise bad_attribute(name)
    elif name in CHOICES and value not in CHOICES[name]:
        raise bad_attribute(name)


def _object(name: str, text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise bad_attribute(name)
    return found


def _redrive(text: str) -> RedrivePolicy | None:
    """``{"deadLetterTargetArn": ..., "maxReceiveCount": ...}``, the count as number or as text."""
    found = _object("RedrivePolicy", text)
    if not found:
        return None
    target, count = found.get("deadLetterTargetArn"), found.get("maxReceiveCount")
    if not target or not isinstance(target, str) or count is None:
        raise _bad_redrive(
            f"Value {text} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not "
            "contain mandatory attribute: "
            f"{'maxReceiveCount' if target else 'deadLetterTargetArn'}."
        )
    if isinstance(count, str) and count.isascii() and count.isdigit():
        count = int(count[:9])
    if type(count) is not int or not 1 <= count <= MOST_RECEIVES:
        raise _bad_redrive(
            f"Value {text} for parameter RedrivePolicy is invalid. Reason: Invalid value for "
            f"maxReceiveCount: {count}, valid values are from 1 to {MOST_RECEIVES} both inclusive."
        )
    return RedrivePolicy(target, count)


def _allowing(text: str) -> Callable[[str], bool]:
    found = _object("RedriveAllowPolicy", text)
    if not found:
        return lambda arn: True
    how, sources = found.get("redrivePermission"), found.get("sourceQueueArns")
    if how == "byQueue" and isinstance(sources, list) and 1 <= len(sources) <= MOST_SOURCES:
        return lambda arn: arn in sources
    if how not in ("allowAll", "denyAll") or sources is not None:
        raise bad_attribute("RedriveAllowPolicy")
    return lambda arn: how == "allowAll"


def _bad_redrive(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message, shape="InvalidParameterValueException")
