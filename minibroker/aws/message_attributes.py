"""Message attributes: which are allowed, what they weigh, their digest (SQS Developer Guide,
"Amazon SQS message metadata").

Rule: nothing here knows a queue. An attribute weighs its name, type and value; a body may have as
many bytes as they leave it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from minibroker.aws.errors import AwsError, bad_parameter
from minibroker.aws.terms import Attributes, allowed
from minibroker.sim.values import Value

MOST = 10
NAME = re.compile(r"[A-Za-z0-9_.\-]{1,256}")
TYPE = re.compile(r"(String|Number|Binary)(\..{1,249})?", re.DOTALL)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

TRACE_HEADER = "AWSTraceHeader"


def check(attributes: Attributes) -> None:
    """Refuse what SQS refuses (InvalidParameterValue, and InvalidMessageContents for a character
    that no message may have)."""
    if len(attributes) > MOST:
        raise bad_parameter(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
            f"[{MOST}]."
        )
    for name, attribute in attributes.items():
        _check_name(name)
        _check_value(name, attribute, "user")


def check_system(attributes: Attributes) -> None:
    """The only one that a producer may set is the trace header of X-Ray."""
    for name, attribute in attributes.items():
        if name != TRACE_HEADER:
            raise bad_parameter(
                f"Message system attribute name '{name}' is invalid. The only one that can be sent "
                f"is {TRACE_HEADER}."
            )
        if attribute.get("DataType") != "String":
            raise bad_parameter(
                f"The message system attribute '{name}' has an invalid message system attribute "
                "type, the set of supported types is String."
            )
        _check_value(name, attribute, "system")


def _check_name(name: str) -> None:
    if not name:
        raise bad_parameter("The message attribute name can not be empty or more than 256 chars.")
    reserved = name.lower().startswith(("aws.", "amazon."))
    dots = name.startswith(".") or name.endswith(".") or ".." in name
    if reserved or dots or not NAME.fullmatch(name):
        raise bad_parameter(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, "
            "0-9, underscore (_), hyphen (-), and period (.) characters."
        )


def _check_value(name: str, attribute: Mapping[str, Any], whose: str) -> None:
    kind = attribute.get("DataType") or ""
    if not kind:
        raise bad_parameter(
            f"The message attribute '{name}' must contain a non-empty message attribute type."
        )
    if not TYPE.fullmatch(kind):
        raise bad_parameter(
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    if attribute.get("StringListValues") or attribute.get("BinaryListValues"):
        raise AwsError(
            "UnsupportedOperation",
            "Message attribute list values in SendMessage operation are not supported.",
        )
    value = attribute.get(field(kind))
    if not value:
        raise bad_parameter(
            f"Message ({whose}) attribute '{name}' must contain a non-empty value of type "
            f"'{kind.partition('.')[0]}'."
        )
    if kind.startswith("Number") and not NUMBER.fullmatch(value):
        raise bad_parameter(
            f"Can't cast the value of message ({whose}) attribute '{name}' to a number."
        )
    if isinstance(value, str) and not allowed(value):
        raise AwsError("InvalidMessageContents", "Invalid characters found in a message attribute.")


def field(kind: str) -> str:
    """Where an attribute of this type has its value."""
    return "BinaryValue" if kind.startswith("Binary") else "StringValue"


def data(attribute: Mapping[str, Any]) -> bytes:
    """The value's bytes."""
    value = attribute[field(attribute["DataType"])]
    return value if isinstance(value, bytes) else value.encode()


def size(attributes: Attributes) -> int:
    """What they weigh."""
    return sum(
        len(name.encode()) + len(each["DataType"].encode()) + len(data(each))
        for name, each in attributes.items()
    )


def digest(attributes: Attributes) -> str:
    """The MD5 that a client compares with its own (SQS Developer Guide, "Calculating the MD5
    message digest for message attributes"): each in the order of the names, its name, type and
    value after their lengths, and before the value a byte that says what it is."""
    hashed = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        kind: str = attribute["DataType"]
        for part in (name.encode(), kind.encode()):
            hashed.update(len(part).to_bytes(4, "big") + part)
        value = data(attribute)
        hashed.update(b"\2" if kind.startswith("Binary") else b"\1")
        hashed.update(len(value).to_bytes(4, "big") + value)
    return hashed.hexdigest()


def chosen(attributes: Attributes, names: Sequence[str]) -> Attributes:
    """Those that a receiver asked for, by name, by prefix (``bar.*``), or ``All`` or ``.*`` (SQS
    API, ReceiveMessage)."""
    if "All" in names or ".*" in names:
        return attributes
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: attribute
        for name, attribute in attributes.items()
        if name in names or (prefixes and name.startswith(prefixes))
    }


def headers(attributes: Attributes) -> dict[str, Value]:
    """A message's attributes as the trace has them: their values."""
    return {name: each[field(each["DataType"])] for name, each in attributes.items()}
