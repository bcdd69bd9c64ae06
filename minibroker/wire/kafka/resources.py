"""What configuration is of: a topic, or a broker; the others that Kafka knows are not served.

Source: Kafka's ``ConfigResource.Type``.
"""

from enum import IntEnum
from typing import Any

from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.call import Call


class Resource(IntEnum):
    """The kinds that are served."""

    TOPIC = 2
    BROKER = 4


def kind_of(resource: Any) -> Resource:
    """Which kind a request's resource is of. LogError INVALID_REQUEST if it is not served."""
    try:
        return Resource(resource.resource_type)
    except ValueError:
        raise LogError(
            Code.INVALID_REQUEST,
            f"resources of type {resource.resource_type} have no configuration here; topics "
            "(2) and brokers (4) have",
        ) from None


def check_broker(call: Call, name: str) -> None:
    """LogError INVALID_REQUEST if that is not the broker which was asked."""
    if name and name != str(call.broker.number):
        raise LogError(
            Code.INVALID_REQUEST,
            f"this is broker {call.broker.number}; ask broker {name!r} for its configuration",
        )


def check_once(resource: Any, resources: Any) -> None:
    """LogError INVALID_REQUEST if a request names the resource twice."""
    key = (resource.resource_type, resource.resource_name)
    if sum((each.resource_type, each.resource_name) == key for each in resources) > 1:
        raise LogError(
            Code.INVALID_REQUEST, f"{resource.resource_name!r} is named twice in one request"
        )


def unchangeable(call: Call, name: str) -> LogError:
    """What a change of a broker's configuration is refused with: INVALID_REQUEST, as Kafka does for
    a setting that is read-only."""
    try:
        check_broker(call, name)
    except LogError as error:
        return error
    return LogError(
        Code.INVALID_REQUEST,
        "the configuration of this broker cannot be changed while it runs; give it to the server "
        "when it is started",
    )
