"""What a filter policy may be (SNS Developer Guide, "Filter policy constraints")."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

from minibroker.aws.errors import AwsError, invalid
from minibroker.aws.filter_policy import LOWER, TESTS, UPPER, is_number, is_or

MOST_KEYS = 5
MOST_COMBINATIONS = 150
MOST_BYTES = 256 * 1024
LARGEST_NUMBER = 10**9


def checked(text: str, in_body: bool) -> Mapping[str, Any]:
    """The policy that is written so; InvalidParameter if it cannot be one."""
    if len(text.encode()) > MOST_BYTES:
        raise _wrong("Filter policy is too large")
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong("failed to parse JSON.") from None
    if not isinstance(policy, dict):
        raise _wrong("failed to parse JSON.")
    if len(policy) > MOST_KEYS:
        raise _wrong(f"Filter policy can not have more than {MOST_KEYS} keys")
    if _combinations(policy, 1, in_body) > MOST_COMBINATIONS:
        raise _wrong("Filter policy is too complex")
    return policy


def _combinations(policy: Mapping[str, Any], depth: int, in_body: bool) -> int:
    """The product over all keys of the number of their values, for a nested key times its depth;
    alternatives are added."""
    found = 1
    for key, rules in policy.items():
        if is_or(key, rules):
            found *= sum(_combinations(each, depth, in_body) for each in rules)
        elif isinstance(rules, dict):
            if not in_body:
                raise invalid(
                    "Filter policy scope MessageAttributes does not support nested filter policy"
                )
            if not rules:
                raise _wrong("Empty objects are not allowed")
            found *= _combinations(rules, depth + 1, in_body)
        elif isinstance(rules, list):
            if not rules:
                raise _wrong("Empty arrays are not allowed")
            for rule in rules:
                _check_rule(rule)
            found *= len(rules) * depth
        else:
            raise _wrong(f'"{key}" must be an object or an array')
    return found


def _check_rule(rule: object) -> None:
    if rule is None or isinstance(rule, str | bool):
        return
    if is_number(rule):
        if abs(rule) > LARGEST_NUMBER:  # type: ignore[arg-type]
            raise AwsError("InternalError", "Unknown", status=500, type="Receiver")
        return
    if not isinstance(rule, dict) or not rule:
        raise _wrong("Match value must be String, number, true, false, or null")
    if len(rule) > 1:
        raise _wrong("Only one key allowed in match expression")
    [(name, wanted)] = rule.items()
    if name == "exists":
        if not isinstance(wanted, bool):
            raise _wrong("exists match pattern must be either true or false.")
    elif name == "numeric":
        _check_numeric(wanted)
    elif name == "anything-but":
        _check_anything_but(wanted)
    elif name in TESTS:
        _check_text(name, wanted)
    else:
        raise _wrong(f"Unrecognized match type {name}")


def _check_text(name: str, wanted: object) -> None:
    if not isinstance(wanted, str):
        raise _wrong(f"{name} match pattern must be a string")
    if name == "cidr":
        address, slash, _ = wanted.partition("/")
        if not slash:
            raise _wrong("Malformed CIDR, one '/' required")
        try:
            ipaddress.ip_network(wanted, strict=False)
        except ValueError:
            raise _wrong(f"Nonstandard IP address: {address}") from None


def _check_anything_but(wanted: object) -> None:
    if isinstance(wanted, dict):
        if len(wanted) != 1 or "prefix" not in wanted:
            raise _wrong(f"Unsupported anything-but pattern: {next(iter(wanted), '}')}")
        _check_text("prefix", wanted["prefix"])
        return
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values or not all(isinstance(each, str) or is_number(each) for each in values):
        raise _wrong("Inside anything but list, start|null|boolean is not supported.")


def _check_numeric(condition: object) -> None:
    if not isinstance(condition, list):
        raise _numeric("Value of numeric must be an array.")
    if not condition:
        raise _numeric("Invalid member in numeric match: ]")
    rest = list(condition)
    first, low = _comparison(rest)
    if not rest:
        return
    if first not in LOWER or len(rest) > 2:
        raise _numeric("Too many elements in numeric expression")
    if rest[0] not in UPPER:
        raise _numeric(f"Bad numeric range operator: {rest[0]}")
    _, high = _comparison(rest)
    if low >= high:
        raise _numeric("Bottom must be less than top")


def _comparison(rest: list[Any]) -> tuple[str, float]:
    """The next operator and number, taken off."""
    operator = rest.pop(0)
    if not isinstance(operator, str):
        raise _numeric(f"Invalid member in numeric match: {operator}")
    if operator not in ("=", *LOWER, *UPPER):
        raise _numeric(f"Unrecognized numeric range operator: {operator}")
    value: Any = rest.pop(0) if rest else None
    if not is_number(value):
        raise _numeric(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    return operator, value


def _wrong(reason: str) -> AwsError:
    return invalid(f"FilterPolicy: {reason}")


def _numeric(reason: str) -> AwsError:
    return invalid(f"Attributes Reason: FilterPolicy: {reason}\n at ...")
