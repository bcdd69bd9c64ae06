"""Every version of every request that is served is answered, with whatever there is to say."""

import io
import uuid
from dataclasses import fields, is_dataclass
from datetime import timedelta
from importlib import import_module
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from kio.serial import entity_writer

from minibroker.wire.kafka import apis
from minibroker.wire.kafka.messages import NAMES
from minibroker.wire.kafka.running import Running
from tests.wire.kafka.raw import answer, connected, request

SERVED = [
    (NAMES[key], version)
    for key, first, last in apis.served()
    for version in range(first, last + 1)
    if not NAMES[key].startswith("sasl_")  # which asks for a server with users
]


def sample(kind: type[Any]) -> Any:
    """An entity with something in each field, and one item in each array."""
    hints = get_type_hints(kind)
    return kind(**{each.name: _value(hints[each.name], each.metadata) for each in fields(kind)})


def _value(hint: Any, metadata: Any) -> Any:
    if get_origin(hint) is tuple:
        return (_value(get_args(hint)[0], metadata),)
    if NoneType in get_args(hint):
        [hint] = [each for each in get_args(hint) if each is not NoneType]
        return _value(hint, metadata)
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return sample(hint)
    match metadata["kafka_type"]:
        case "string":
            return "orders"
        case "bytes" | "records":
            return b"order-1"
        case "bool":
            return False
        case "uuid":
            return uuid.UUID(int=7)
        case "float64":
            return 1.0
        case "timedelta_i32" | "timedelta_i64":
            return timedelta(milliseconds=20)
        case _:
            return 0


def frame(name: str, version: int) -> bytes:
    """A request of that version, as it is sent."""
    title = "".join(word.capitalize() for word in name.split("_"))
    made = sample(
        getattr(import_module(f"kio.schema.{name}.v{version}.request"), f"{title}Request")
    )
    if name == "produce":
        object.__setattr__(made, "acks", 1)  # with 0 there is no answer
    buffer = io.BytesIO()
    entity_writer(type(made))(buffer, made)
    return request(name, version, buffer.getvalue())


@pytest.mark.parametrize(("name", "version"), SERVED)
def test_it_is_answered_when_it_is_refused(kafka: Running, name: str, version: int) -> None:
    kafka.fail(name, error="UNKNOWN_SERVER_ERROR")
    with connected(kafka.bootstrap_servers) as connection:
        connection.sendall(frame(name, version))
        assert answer(connection) is not None


@pytest.mark.parametrize("there", [False, True], ids=["no topic", "a topic"])
@pytest.mark.parametrize(("name", "version"), SERVED)
def test_it_is_answered(kafka: Running, name: str, version: int, there: bool) -> None:
    if there:
        kafka.ask(lambda server: server.cluster.create_topic("orders", 2))
    with connected(kafka.bootstrap_servers) as connection:
        connection.sendall(frame(name, version))
        assert answer(connection) is not None
