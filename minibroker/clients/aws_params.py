"""Are these the parameters that an action takes? Asked before anything is sent, as botocore does.

The words are botocore's ("Parameter validation failed: ..."), which every user of boto3 has met.
What an action does not know, what it misses and what is of a wrong type are all told at once. That
a value is allowed is the service's to say.

>>> checked("sqs", "DeleteQueue", {"QueueUrl": "https://sqs/1/orders"})[0]
{'QueueUrl': 'https://sqs/1/orders'}
>>> checked("sqs", "DeleteQueue", {"Url": 7})[1][0]
'Missing required parameter in input: "QueueUrl"'
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from minibroker.clients.aws_shapes import ACTIONS, STRUCTURES

WORDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "": ((str,), "<class 'str'>"),
    "int": ((int,), "<class 'int'>"),
    "flag": ((bool,), "<class 'bool'>"),
    "[": ((list, tuple), "<class 'list'>, <class 'tuple'>"),
    "{": ((dict,), "<class 'dict'>"),
    "blob": (
        (bytes, bytearray, str),
        "<class 'bytes'>, <class 'bytearray'>, file-like object",
    ),
}
"""The Python types that a type may have, and how botocore lists them."""


class Member(NamedTuple):
    """A parameter, or a member of a structure."""

    required: bool
    kind: str


def checked(service: str, action: str, given: object) -> tuple[dict[str, Any], list[str]]:
    """The parameters as they go out (lists for tuples, bytes for what else a blob may be), and what
    is wrong with them, a line each."""
    wrong: list[str] = []
    sent = _structure(ACTIONS[service][action], given, "", wrong)
    return (sent if isinstance(sent, dict) else {}), wrong


@cache
def members(said: str) -> dict[str, Member]:
    """A line of `minibroker.clients.aws_shapes`."""
    found = {}
    for word in said.split():
        name, _, kind = word.partition(":")
        found[name.rstrip("!")] = Member(name.endswith("!"), kind)
    return found


def _structure(said: str, given: object, name: str, wrong: list[str]) -> object:
    if not _is("{", given, name, wrong):
        return given
    assert isinstance(given, dict)
    known = members(said)
    where = name.removeprefix(".") or "input"
    wrong += [
        f'Missing required parameter in {where}: "{each}"'
        for each, member in known.items()
        if member.required and each not in given
    ]
    sent = {}
    for each, value in given.items():
        if each in known:
            sent[each] = _value(known[each].kind, value, f"{name}.{each}", wrong)
        else:
            wrong.append(
                f'Unknown parameter in {where}: "{each}", must be one of: {", ".join(known)}'
            )
    return sent


def _value(kind: str, given: object, name: str, wrong: list[str]) -> object:
    if kind.startswith("["):
        if not _is("[", given, name, wrong):
            return given
        assert isinstance(given, list | tuple)
        of = kind[1:-1]
        return [_value(of, each, f"{name}[{n}]", wrong) for n, each in enumerate(given)]
    if kind.startswith("{"):
        if not _is("{", given, name, wrong):
            return given
        assert isinstance(given, dict)
        for key in given:
            _is("", key, f"{name} (key: {key})", wrong)
        return {
            key: _value(kind[1:-1], each, f"{name}.{key}", wrong) for key, each in given.items()
        }
    if kind in STRUCTURES:
        return _structure(STRUCTURES[kind], given, name, wrong)
    if not _is(kind, given, name, wrong):
        return given
    if kind == "int":
        return int(given)  # type: ignore[call-overload]
    if kind == "blob":
        return given.encode() if isinstance(given, str) else bytes(given)  # type: ignore[call-overload]
    return str(given) if kind == "" else given


def _is(kind: str, given: object, name: str, wrong: list[str]) -> bool:
    types, words = WORDS[kind]
    if isinstance(given, types):
        return True
    where = name.removeprefix(".") or "input"
    wrong.append(
        f"Invalid type for parameter {where}, value: {given!s:.200}, type: {type(given)}, "
        f"valid types: {words}"
    )
    return False
