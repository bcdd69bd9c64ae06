"""Parameters as they come in: as JSON (SQS), or in a form (SNS), read by their shapes.

Rule: what comes out has the types that the model says; all else is refused with AWS's
``SerializationException`` or ``MalformedInput``. What the model does not know is left out, as AWS
does.
"""

import base64
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from minibroker.aws.errors import AwsError
from minibroker.aws.terms import snake
from minibroker.wire.aws.models import Service, Shape, service

MOST_FIELDS = 5_000
MOST_DEEP = 8

Reader = Callable[[Any], Any]
Tree = dict[str, Any]


def unreadable(what: str) -> AwsError:
    """What came cannot be read as the parameters of the action."""
    return AwsError("SerializationException", what)


# --- JSON ----------------------------------------------------------------------------------


def from_json(service_name: str, action: str, body: bytes) -> dict[str, Any]:
    """The parameters, named as the engine's are."""
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise unreadable("The request body is no JSON") from None
    if not isinstance(found, dict):
        raise unreadable("The request body is no JSON object")
    readers = _members(service_name, action)
    return {
        readers[name][0]: readers[name][1](value)
        for name, value in found.items()
        if value is not None and name in readers
    }


@cache
def _members(service_name: str, action: str) -> dict[str, tuple[str, Reader]]:
    """The parameters of an action: as what the engine knows each, and how it is read."""
    model = service(service_name)
    shape = model.input(action)
    members: Mapping[str, Any] = shape["members"] if shape else {}
    return {
        name: (snake(name), _reader(model, model.shapes[member["shape"]], name))
        for name, member in members.items()
    }


def _reader(model: Service, shape: Shape, name: str) -> Reader:
    match shape["type"]:
        case "structure":
            return _structure(model, shape, name)
        case "list":
            item = _reader(model, model.shapes[shape["member"]["shape"]], name)
            return lambda value: [item(each) for each in _typed(value, list, name)]
        case "map":
            of = _reader(model, model.shapes[shape["value"]["shape"]], name)
            return lambda value: {
                key: of(each) for key, each in _typed(value, dict, name).items() if each is not None
            }
        case "blob":
            return lambda value: _bytes(_typed(value, str, name), name)
        case "boolean":
            return lambda value: _typed(value, bool, name)
        case "integer" | "long":
            return lambda value: _integer(value, name)
    return lambda value: _typed(value, str, name)


def _structure(model: Service, shape: Shape, name: str) -> Reader:
    readers = {
        member: _reader(model, model.shapes[each["shape"]], f"{name}.{member}")
        for member, each in shape["members"].items()
    }

    def read(value: Any) -> dict[str, Any]:
        return {
            member: readers[member](each)
            for member, each in _typed(value, dict, name).items()
            if each is not None and member in readers
        }

    return read


def _typed(value: Any, kind: type, name: str) -> Any:
    if type(value) is not kind:
        raise unreadable(
            f"{name} is to be {_NAMES[kind]}, not {_NAMES.get(type(value), 'another')}"
        )
    return value


_NAMES = {
    str: "a string", int: "a number", float: "a number", bool: "a boolean", list: "a list",
    dict: "a structure",
}  # fmt: skip


def _integer(value: Any, name: str) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    return int(_typed(value, int, name))


def _bytes(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise unreadable(f"{name} is no base64") from None


# --- forms ---------------------------------------------------------------------------------


def form(body: bytes) -> Tree:
    """The fields of a form as a tree: ``Tags.member.1.Key=a`` is ``{"Tags": {"member": {"1":
    {"Key": "a"}}}}``."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise AwsError(
            "MalformedInput", "The request body is no form of query parameters"
        ) from None
    tree: Tree = {}
    for name, value in pairs:
        *path, last = name.split(".")
        if len(path) > MOST_DEEP:
            raise AwsError("MalformedInput", f"The parameter {name[:80]} is nested too deeply")
        where = tree
        for step in path:
            where = where.setdefault(step, {})
            if not isinstance(where, dict):
                raise AwsError("MalformedInput", f"The parameter {name[:80]} is given twice")
        if isinstance(where.get(last), dict):
            raise AwsError("MalformedInput", f"The parameter {name[:80]} is given twice")
        where[last] = value
    return tree


def from_form(service_name: str, action: str, tree: Tree) -> dict[str, Any]:
    """The parameters, named as the engine's are."""
    model = service(service_name)
    shape = model.input(action)
    members: Mapping[str, Any] = shape["members"] if shape else {}
    return {
        snake(name): _value(model, model.shapes[member["shape"]], tree[name], name)
        for name, member in members.items()
        if name in tree
    }


def _value(model: Service, shape: Shape, found: Any, name: str) -> Any:
    match shape["type"]:
        case "structure":
            return {
                member: _value(model, model.shapes[each["shape"]], found[member], member)
                for member, each in shape["members"].items()
                if member in _branch(found, name)
            }
        case "list":
            member = shape["member"]
            items = _numbered(found, member.get("locationName", "member"), name)
            return [_value(model, model.shapes[member["shape"]], each, name) for each in items]
        case "map":
            return _map(model, shape, found, name)
    if not isinstance(found, str):
        raise AwsError("MalformedInput", f"{name} is to be one value")
    match shape["type"]:
        case "blob":
            return _bytes(found, name)
        case "boolean":
            if found.lower() not in ("true", "false"):
                raise AwsError("MalformedInput", f"{name} is to be true or false")
            return found.lower() == "true"
        case "integer" | "long":
            try:
                return int(found[:20])
            except ValueError:
                raise AwsError("MalformedInput", f"{name} is to be a number") from None
    return found


def _map(model: Service, shape: Shape, found: Any, name: str) -> dict[str, Any]:
    key, value = (
        shape["key"].get("locationName", "key"),
        shape["value"].get("locationName", "value"),
    )
    read: dict[str, Any] = {}
    for entry in _numbered(found, "entry", name):
        branch = _branch(entry, name)
        if not isinstance(branch.get(key), str):
            raise AwsError("MalformedInput", f"An entry of {name} has no {key}")
        if value in branch:
            shape_of_value = model.shapes[shape["value"]["shape"]]
            read[branch[key]] = _value(model, shape_of_value, branch[value], name)
    return read


def _numbered(found: Any, between: str, name: str) -> list[Any]:
    """Items in the order of their numbers, as ``name.between.1`` has them. An empty list is sent as
    an empty value."""
    if found == "":
        return []
    items = _branch(found, name).get(between, {})
    if items == "":
        return []
    branch = _branch(items, name)
    if not all(each.isascii() and each.isdigit() and len(each) < 10 for each in branch):
        raise AwsError("MalformedInput", f"The items of {name} are to be numbered")
    return [branch[number] for number in sorted(branch, key=int)]


def _branch(found: Any, name: str) -> Tree:
    if not isinstance(found, dict):
        raise AwsError("MalformedInput", f"{name} is to be more than one value")
    return found
