"""What a client may declare, use, subscribe to and delete, and how it is refused.

A queue that is exclusive to a connection can be used by no other (RabbitMQ, "Queues", Exclusive
Queues); what is declared again must be what it was (AMQP 0-9-1, queue.declare); a quorum queue is
durable and shared (RabbitMQ, "Quorum Queues", Feature Matrix).
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from minibroker.queues import arguments as queue_arguments
from minibroker.queues import terms
from minibroker.queues.errors import (
    AccessRefused,
    Deprecated,
    NotImplementedHere,
    PreconditionFailed,
    ResourceLocked,
)
from minibroker.queues.queue import Queue
from minibroker.sim.values import Value

TRANSIENT = "transient_nonexcl_queues"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A declaration of a queue by a client's connection."""

    name: str
    durable: bool
    exclusive: bool
    auto_delete: bool
    arguments: Mapping[str, Value]
    connection: object


def check_permitted(wanted: Wanted, permit: Container[str] | None) -> None:
    """Refuse a new queue that is neither durable nor exclusive, if that is not permitted: since
    RabbitMQ 4.3 it has to be (its release notes)."""
    shared = not (wanted.durable or wanted.exclusive)
    if shared and permit is not None and TRANSIENT not in permit:
        raise Deprecated(
            f"INTERNAL_ERROR - Feature `{TRANSIENT}` is deprecated.\nBy default, this feature is "
            "not permitted anymore."
        )


def made(wanted: Wanted) -> Queue:
    """The new queue that was declared. An exclusive one is never durable: it ends with its
    connection."""
    if wanted.name.startswith("amq.") and not wanted.name.startswith("amq.gen-"):
        raise AccessRefused(
            f"ACCESS_REFUSED - queue name '{wanted.name}' contains reserved prefix 'amq.*'"
        )
    arguments = queue_arguments.checked(wanted.name, wanted.arguments)
    durable = wanted.durable and not wanted.exclusive
    if arguments.quorum:
        for bad, name in (
            (wanted.auto_delete, "auto-delete"),
            (wanted.exclusive, "exclusive-owner"),
            (not durable, "non-durable"),
        ):
            if bad:
                raise PreconditionFailed(
                    f"PRECONDITION_FAILED - invalid property '{name}' for queue '{wanted.name}' "
                    "in vhost '/'"
                )
    owner = wanted.connection if wanted.exclusive else None
    return Queue(wanted.name, durable, arguments, wanted.auto_delete, owner)


def compare(queue: Queue, wanted: Wanted) -> None:
    """Refuse a declaration that differs from the queue that exists."""
    if queue.exclusive_to is not (wanted.connection if wanted.exclusive else None):
        raise _locked(queue)
    fields = (
        ("durable", wanted.durable and not wanted.exclusive, queue.durable),
        ("auto_delete", wanted.auto_delete, queue.auto_delete),
    )
    for name, new, old in fields:
        if new != old:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - inequivalent arg '{name}' for queue '{queue.name}' in "
                f"vhost '/': received '{terms.flag(new)}' but current is '{terms.flag(old)}'"
            )
    if wanted.arguments or queue.arguments.given:
        queue_arguments.compare(queue.name, queue.arguments, wanted.arguments)


def check_use(queue: Queue, connection: object) -> None:
    """Refuse a connection to which the queue is not exclusive though it is to another."""
    if queue.exclusive_to is not None and queue.exclusive_to is not connection:
        raise _locked(queue)


def check_delete(queue: Queue, if_unused: bool, if_empty: bool) -> None:
    """Refuse to delete a queue that is in use, or not empty, when the client said so."""
    for bad, why in (
        (if_unused and queue.consumers, "in use"),
        (if_empty and len(queue), "not empty"),
    ):
        if bad:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - queue '{queue.name}' in vhost '/' {why}"
            )


def admitted(queue: Queue, exclusive: bool, arguments: Mapping[str, Value]) -> int:
    """The priority of a new subscription (RabbitMQ, "Consumer Priorities"), unless it is refused:
    an exclusive one is alone on its queue. Quorum queues do not know exclusive ones."""
    priority = arguments.get("x-priority", 0)
    if wrong := queue_arguments.integer(priority):
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - invalid arg 'x-priority' for queue '{queue.name}' in vhost "
            f"'/': {wrong}"
        )
    alone = exclusive or any(consumer.exclusive for consumer in queue.consumers)
    if alone and queue.consumers and not queue.arguments.quorum:
        raise AccessRefused(f"ACCESS_REFUSED - queue '{queue.name}' in vhost '/' in exclusive use")
    assert isinstance(priority, int)
    return priority


def check_limit(queue: Queue, limit: int) -> None:
    """Refuse a subscription to a quorum queue under global QoS (RabbitMQ, "Quorum Queues", Feature
    Matrix)."""
    if limit and queue.arguments.quorum:
        raise NotImplementedHere(
            f"NOT_IMPLEMENTED - queue '{queue.name}' in vhost '/' does not support global qos"
        )


def check_get(queue: Queue) -> None:
    """Refuse to take single messages where only an active consumer may."""
    if queue.arguments.quorum and queue.arguments.single_active_consumer:
        raise ResourceLocked(
            f"RESOURCE_LOCKED - cannot obtain access to locked queue '{queue.name}' in vhost '/'. "
            "basic.get operations are not supported by quorum queues with single active consumer"
        )


def _locked(queue: Queue) -> ResourceLocked:
    return ResourceLocked(
        f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{queue.name}' in vhost "
        "'/'. It could be originally declared on another connection or the exclusive property "
        "value does not match that of the original declaration."
    )
