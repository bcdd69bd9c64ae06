"""Filter policies: which messages a subscription wants (SNS Developer Guide, "Amazon SNS
subscription filter policies").

Rule: nothing here knows a topic. A policy is checked when it is set and then only matched. All its
keys have to match (``$or``: one of its alternatives); of the rules of a key one is enough. Of an
array in the message one element is enough.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

Policy = Mapping[str, Any]
Values = list[Any]

LOWER, UPPER = (">", ">="), ("<", "<=")
DIGITS = 6
"""After the decimal point that are compared."""


def matches_body(policy: Policy, body: object) -> bool:
    """Whether a message whose body is this JSON value is wanted; only an object ever is."""
    return isinstance(body, dict) and _matches(policy, [body])


def matches_attributes(policy: Policy, attributes: Mapping[str, Values]) -> bool:
    """Whether a message is wanted that has these attributes, each with one value or, of type
    String.Array, several."""
    return _matches(policy, [attributes])


def _matches(policy: Policy, among: list[Mapping[str, Any]]) -> bool:
    for key, rule in policy.items():
        if is_or(key, rule):
            if not any(_matches(alternative, among) for alternative in rule):
                return False
            continue
        values = [value for each in among if key in each for value in _flat(each[key])]
        if isinstance(rule, Mapping):
            if not _matches(rule, [value for value in values if isinstance(value, Mapping)]):
                return False
        else:
            there = any(key in each for each in among)
            if not any(_fits(each, values, there) for each in rule):
                return False
    return True


def is_or(key: str, rule: object) -> bool:
    """Whether a key of a policy stands for alternatives rather than for a field of that name."""
    return (
        key == "$or"
        and isinstance(rule, list)
        and len(rule) > 1
        and all(isinstance(each, Mapping) for each in rule)
    )


def _flat(value: object) -> Iterable[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _fits(rule: object, values: Values, there: bool) -> bool:
    if not isinstance(rule, Mapping):
        return any(_same(value, rule) for value in values)
    [(name, wanted)] = rule.items()
    if name == "exists":
        return there is wanted
    if name == "anything-but":
        return bool(values) and not any(_excluded(value, wanted) for value in values)
    test = TESTS[name]
    return any(test(value, wanted) for value in values)


def _excluded(value: object, unwanted: object) -> bool:
    if isinstance(unwanted, Mapping):
        [(name, wanted)] = unwanted.items()
        return any(TESTS[name](value, each) for each in _flat(wanted))
    return any(_same(value, each) for each in _flat(unwanted))


def _same(value: object, rule: object) -> bool:
    if is_number(rule):
        return is_number(value) and _rounded(value) == _rounded(rule)
    return type(value) is type(rule) and value == rule


def is_number(value: object) -> bool:
    """Whether JSON calls it one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rounded(value: Any) -> float:
    return round(float(value), DIGITS)


def _numeric(value: object, condition: list[Any]) -> bool:
    if not is_number(value):
        return False
    found = _rounded(value)
    compare: dict[str, Callable[[float], bool]] = {
        "=": lambda than: found == than,
        "<": lambda than: found < than,
        "<=": lambda than: found <= than,
        ">": lambda than: found > than,
        ">=": lambda than: found >= than,
    }
    pairs = [pair for number, pair in enumerate(pairwise(condition)) if number % 2 == 0]
    return all(compare[operator](_rounded(than)) for operator, than in pairs)


def _cidr(value: object, network: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)  # type: ignore[arg-type]
    except ValueError:
        return False


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": lambda value, wanted: isinstance(value, str) and value.startswith(wanted),
    "suffix": lambda value, wanted: isinstance(value, str) and value.endswith(wanted),
    "equals-ignore-case": lambda value, wanted: (
        isinstance(value, str) and value.casefold() == wanted.casefold()
    ),
    "numeric": _numeric,
    "cidr": _cidr,
}
