"""The words that queues and topics share: limits, names, ARNs, identifiers, the time of day.

Rule: only constants and plain functions live here, and nothing here knows a queue or a topic.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from minibroker.aws.errors import AwsError
from minibroker.sim.clock import SECOND

ACCOUNT, REGION = "123456789012", "us-east-1"

KIB = 1024
MOST_BYTES = KIB * KIB
"""The longest message and batch (SQS API, SendMessageBatch)."""

BATCH_SIZE = 10
DEDUPLICATION = 5 * 60 * SECOND
"""How long a deduplication id and a ReceiveRequestAttemptId are remembered (SQS Developer Guide,
"Exactly-once processing")."""

FIFO = ".fifo"

_CHARACTERS = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def ids(seed: str) -> Iterator[str]:
    """Identifiers in the form of UUIDs, the same ones for the same seed."""
    number = 0
    while True:
        number += 1
        text = hashlib.md5(f"{seed}/{number}".encode(), usedforsecurity=False).hexdigest()
        variant = "89ab"[int(text[16], 16) % 4]
        yield f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def allowed(text: str) -> bool:
    """Whether a message may have these characters (SQS API, SendMessage)."""
    return _CHARACTERS.fullmatch(text) is not None


def page(names: Sequence[str], token: str | None, most: int) -> tuple[Sequence[str], str | None]:
    """A page of what is listed in order, and the token of the next one. A token names the last one
    of the page before, so what is made or deleted meanwhile shifts nothing."""
    if token:
        names = [name for name in names if name > _last(token)]
    found = names[:most]
    return found, (found[-1].encode().hex() if len(names) > most else None)


def _last(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise AwsError("InvalidParameterValue", "Invalid or expired next token.") from None


def tags(given: object) -> dict[str, str]:
    """Tags as SNS has them: a list of keys and values."""
    found = given if isinstance(given, list) else []
    return {each["Key"]: each.get("Value", "") for each in found}


def without_none(**values: Any) -> dict[str, Any]:
    """Only what is there."""
    return {name: value for name, value in values.items() if value is not None}


def snake(name: str) -> str:
    """An action's or a parameter's name as the engine's methods have it: ``QueueUrl`` is
    ``queue_url``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", r"_\1\2", name).lower()


Attributes = Mapping[str, Mapping[str, Any]]
"""Message attributes as the APIs have them: ``{"Color": {"DataType": "String", "StringValue":
"red"}}``, a binary one with ``BinaryValue``."""
