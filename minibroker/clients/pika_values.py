"""Messages and methods as they cross the boundary, in pika's own classes, and back."""

from datetime import datetime, timedelta
from typing import Any, cast

from pika.adapters.blocking_connection import ReturnedMessage
from pika.exceptions import UnsupportedAMQPFieldException
from pika.spec import Basic, BasicProperties

from minibroker.clients import NotInSubset
from minibroker.sim.modules import EPOCH
from minibroker.sim.values import Value

Event = dict[str, Value]

PROPERTIES = (
    "content_type",
    "content_encoding",
    "headers",
    "delivery_mode",
    "priority",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "timestamp",
    "type",
    "user_id",
    "app_id",
    "cluster_id",
)

NOT_TEXT = ("headers", "delivery_mode", "priority", "timestamp")

NOT_SIMULATED = (
    "x-consumer-timeout",
    "x-consumer-disconnected-timeout",
    "x-delayed-retry-type",
    "x-delayed-retry-min",
    "x-delayed-retry-max",
)
"""Arguments of queues that RabbitMQ would act on."""


def sent(properties: BasicProperties | None) -> dict[str, Any]:
    """The properties that a client gave."""
    if properties is None:
        return {}
    if not isinstance(properties, BasicProperties):
        raise TypeError(f"properties must be pika.BasicProperties, but got {properties!r:.60}")
    found = {name: getattr(properties, name, None) for name in PROPERTIES}
    for name, value in found.items():
        if name not in NOT_TEXT and value is not None:
            assert isinstance(value, str), f"A non-string value was supplied for self.{name}"
    _refuse_floats(found["headers"])
    _refuse_copies(found["headers"])
    return _deaths(
        {name: value for name, value in found.items() if value is not None},
        lambda time: int((time - EPOCH).total_seconds()) if isinstance(time, datetime) else time,
    )


def _refuse_copies(headers: object) -> None:
    """RabbitMQ would route the message to the keys in these headers as well (Sender-selected
    Distribution)."""
    if isinstance(headers, dict) and (named := {"CC", "BCC"} & headers.keys()):
        raise NotInSubset(
            f"the header {min(named)}, which routes copies, is not simulated here; publish once "
            "for each routing key"
        )


def _refuse_floats(value: object) -> None:
    """Pika has no encoding for a float in a table, and says so."""
    if isinstance(value, float):
        raise UnsupportedAMQPFieldException([], value)
    if isinstance(value, dict):
        for each in value.values():
            _refuse_floats(each)
    elif isinstance(value, list):
        for each in value:
            _refuse_floats(each)


def received(event: Event) -> BasicProperties:
    """The properties of a message that was handed out."""
    found = cast("dict[str, Any]", event["properties"])
    return BasicProperties(
        **_deaths(
            found, lambda time: EPOCH + timedelta(seconds=time) if type(time) is int else time
        )
    )


def _deaths(properties: dict[str, Any], moment: Any) -> dict[str, Any]:
    """``x-death`` holds timestamps: `datetime` for a client of pika, seconds in the world."""
    headers = properties.get("headers")
    deaths = headers.get("x-death") if isinstance(headers, dict) else None
    if not isinstance(headers, dict) or not isinstance(deaths, list):
        return properties
    changed = [
        death | {"time": moment(death["time"])} if isinstance(death, dict) and "time" in death
        else death
        for death in deaths
    ]  # fmt: skip
    return properties | {"headers": headers | {"x-death": changed}}


def deliver(event: Event) -> Basic.Deliver:
    """How a pushed message reached its consumer."""
    return Basic.Deliver(
        event["consumer_tag"],
        event["delivery_tag"],
        event["redelivered"],
        event["exchange"],
        event["routing_key"],
    )


def get_ok(event: Event) -> Basic.GetOk:
    """How a message that was asked for came."""
    return Basic.GetOk(
        event["delivery_tag"],
        event["redelivered"],
        event["exchange"],
        event["routing_key"],
        event["message_count"],
    )


def returned(event: Event) -> ReturnedMessage:
    """A mandatory message that came back."""
    method = Basic.Return(
        event["reply_code"], event["reply_text"], event["exchange"], event["routing_key"]
    )
    return ReturnedMessage(method, received(event), cast(bytes, event["body"]))


def simulated(arguments: dict[str, Any] | None) -> dict[str, Any] | None:
    """A queue's arguments, unless the simulation would quietly leave some out."""
    for name in NOT_SIMULATED:
        if arguments and name in arguments:
            raise NotInSubset(f"the argument {name!r} is not simulated here; leave it out")
    if arguments and arguments.get("x-queue-type") == "stream":
        raise NotInSubset("streams are not simulated here; use a quorum or a classic queue")
    return arguments


def only_defaults(call: str, **given: object) -> None:
    """Refuse an argument that the subset leaves out."""
    for name, value in given.items():
        if value:
            raise NotInSubset(f"{call}({name}={value!r}) is not simulated here; leave {name} out")
