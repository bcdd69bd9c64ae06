"""The optional arguments of a queue, checked as RabbitMQ checks them.

Unknown arguments are kept and mean nothing. A known one of a bad type or value, or one that the
queue's type does not have, is a `PreconditionFailed` (RabbitMQ's `rabbit_amqqueue`,
check_declare_arguments; RabbitMQ, "Queues", Optional Arguments).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from minibroker.queues import terms
from minibroker.queues.errors import PreconditionFailed
from minibroker.sim.clock import MILLISECOND
from minibroker.sim.values import Value

DELIVERY_LIMIT = 20
"""A quorum queue's, if no other is given; a negative one is none (RabbitMQ 4.0 and newer)."""

GROUP_SIZE = 3
"""So many nodes have a quorum queue, if no other number is given (RabbitMQ, "Quorum Queues",
Initial Replication Factor)."""

LONGEST = 315_360_000_000
"""Ten years in milliseconds: no time to live may be longer."""

MOST_PRIORITIES = 255

BOTH = (
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-overflow",
    "x-single-active-consumer",
    "x-queue-type",
    "x-queue-leader-locator",
)
HAS = {
    "classic": (*BOTH, "x-max-priority", "x-queue-mode", "x-queue-version"),
    "quorum": (
        *BOTH,
        "x-dead-letter-strategy",
        "x-delivery-limit",
        "x-quorum-initial-group-size",
    ),
}
"""What each type of queue knows, and what is compared when it is declared again."""

LOCATORS = ("client-local", "balanced", "random", "least-leaders", "min-masters")
"""The last three are old names of the second (RabbitMQ's `rabbit_queue_location`)."""

KNOWN = frozenset(name for names in HAS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a queue does with its messages. Spans are in microseconds."""

    given: dict[str, Value] = field(default_factory=dict)
    quorum: bool = False
    message_ttl: int | None = None
    expires: int | None = None
    dead_letter_exchange: str | None = None
    dead_letter_routing_key: str | None = None
    at_least_once: bool = False
    max_length: int | None = None
    max_length_bytes: int | None = None
    overflow: str = "drop-head"
    max_priority: int | None = None
    delivery_limit: int | None = None
    single_active_consumer: bool = False
    group_size: int = GROUP_SIZE
    balanced: bool = False
    """Whether its leader is put where there are fewest, not where its client is."""


NONE = Arguments()


def checked(queue: str, given: Mapping[str, Value]) -> Arguments:
    """The arguments of a new queue, or `PreconditionFailed`."""
    if not given:
        return NONE
    table = dict(given)
    _check_exchange(queue, table)
    for name in ("x-queue-type", *KNOWN):
        if name in table and (wrong := _wrong(name, table)):
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - invalid arg '{name}' for queue '{queue}' in vhost '/': "
                f"{wrong}"
            )
    kind = _type(table)
    for name in table:
        if name in KNOWN and name not in HAS[kind]:
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - invalid arg '{name}' for queue '{queue}' in vhost '/' "
                f"of queue type rabbit_{kind}_queue"
            )
    return _read(table, quorum=kind == "quorum")


def _check_exchange(queue: str, table: Mapping[str, Value]) -> None:
    """RabbitMQ looks at this one first, in `rabbit_channel`, and in other words."""
    name = "x-dead-letter-exchange"
    if name in table and not isinstance(table[name], str):
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - invalid type '{terms.kind(table[name])}' for arg '{name}' in "
            f"queue '{queue}' in vhost '/'"
        )


def compare(queue: str, current: Arguments, given: Mapping[str, Value]) -> None:
    """Refuse a declaration whose arguments differ from those of the queue that exists."""
    mine = current.given | {"x-queue-type": _type(current.given)}
    theirs = dict(given) | {"x-queue-type": _type(given)}
    for name in HAS["quorum" if current.quorum else "classic"]:
        if (name in mine) == (name in theirs) and mine.get(name) == theirs.get(name):
            continue
        received, present = terms.compared(theirs, mine, name)
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - inequivalent arg '{name}' for queue '{queue}' in vhost '/': "
            f"received {received} but current is {present}"
        )


def _type(table: Mapping[str, Value]) -> str:
    return str(table.get("x-queue-type", "classic"))


def _read(table: dict[str, Value], quorum: bool) -> Arguments:
    exchange, overflow = table.get("x-dead-letter-exchange"), table.get("x-overflow")
    if quorum and overflow == "reject-publish-dlx":
        overflow = None  # a quorum queue warns of it in its log and drops from the head
    key, limit = table.get("x-dead-letter-routing-key"), table.get("x-delivery-limit")
    if type(limit) is not int:
        limit = DELIVERY_LIMIT
    return Arguments(
        given=table,
        quorum=quorum,
        message_ttl=_span(table, "x-message-ttl"),
        expires=_span(table, "x-expires"),
        dead_letter_exchange=exchange if isinstance(exchange, str) else None,
        dead_letter_routing_key=key if isinstance(key, str) else None,
        at_least_once=table.get("x-dead-letter-strategy") == "at-least-once"
        and overflow == "reject-publish"
        and exchange is not None,
        max_length=_number(table, "x-max-length"),
        max_length_bytes=_number(table, "x-max-length-bytes"),
        overflow=overflow if isinstance(overflow, str) else "drop-head",
        max_priority=_number(table, "x-max-priority"),
        delivery_limit=limit if quorum and limit >= 0 else None,
        single_active_consumer=table.get("x-single-active-consumer") is True,
        group_size=_number(table, "x-quorum-initial-group-size") or GROUP_SIZE,
        balanced=table.get("x-queue-leader-locator", "client-local") != "client-local",
    )


def _number(table: Mapping[str, Value], name: str) -> int | None:
    value = table.get(name)
    return value if isinstance(value, int) else None


def _span(table: Mapping[str, Value], name: str) -> int | None:
    value = _number(table, name)
    return None if value is None else value * MILLISECOND


# --- what RabbitMQ says of a bad one, in its Erlang terms; empty when it is good -----------------


def expiry(value: int) -> str:
    """What is wrong with a time to live in milliseconds."""
    if value < 0:
        return f"{{value_negative,{value}}}"
    return f"{{value_too_large,{value}}}" if value > LONGEST else ""


def integer(value: Value) -> str:
    """What is wrong with it as a whole number."""
    return "" if type(value) is int else f'"expected integer, got {terms.kind(value)}"'


def _natural(value: Value) -> str:
    wrong = integer(value)
    if not wrong and isinstance(value, int) and value < 0:
        return f"{{value_negative,{value}}}"
    return wrong


def _natural_above_none(value: Value) -> str:
    return "{value_zero,0}" if type(value) is int and value == 0 else _natural(value)


def _span_above_none(value: Value) -> str:
    return "{value_zero,0}" if type(value) is int and value == 0 else _span_or_none(value)


def _span_or_none(value: Value) -> str:
    return expiry(value) if type(value) is int else integer(value)


def _priority(value: Value) -> str:
    wrong = _natural(value)
    if not wrong and isinstance(value, int) and value > MOST_PRIORITIES:
        return f"{{max_value_exceeded,{value}}}"
    return wrong


def _version(value: Value) -> str:
    return _natural(value) or (
        "" if value == 2 else f"\"unsupported queue version '{terms.plain(value)}'\""
    )


def _unlike(value: Value, wanted: type) -> str:
    return "" if type(value) is wanted else f"{{unacceptable_type,{terms.kind(value)}}}"


def _text(value: Value) -> str:
    return _unlike(value, str)


def _truth(value: Value) -> str:
    return _unlike(value, bool)


def _one_of(wrong: str, *words: str) -> Callable[[Value], str]:
    return lambda value: _text(value) or ("" if value in words else wrong)


def _queue_type(value: Value) -> str:
    return _text(value) or (
        "" if value in HAS else f"\"unsupported queue type '{terms.plain(value)}'\""
    )


CHECKS: dict[str, Callable[[Value], str]] = {
    "x-expires": _span_above_none,
    "x-message-ttl": _span_or_none,
    "x-dead-letter-routing-key": _text,
    "x-dead-letter-strategy": _one_of("invalid_dlx_strategy", "at-most-once", "at-least-once"),
    "x-max-length": _natural,
    "x-max-length-bytes": _natural,
    "x-max-priority": _priority,
    "x-overflow": _one_of("invalid_overflow", "drop-head", "reject-publish", "reject-publish-dlx"),
    "x-queue-version": _version,
    "x-single-active-consumer": _truth,
    "x-quorum-initial-group-size": _natural_above_none,
    "x-queue-leader-locator": _one_of("invalid_queue_locator_arg", *LOCATORS),
    "x-queue-type": _queue_type,
}


def _wrong(name: str, table: Mapping[str, Value]) -> str:
    check = CHECKS.get(name)
    wrong = check(table[name]) if check is not None else ""
    if not wrong and name == "x-dead-letter-routing-key" and "x-dead-letter-exchange" not in table:
        return "routing_key_but_no_dlx_defined"
    return wrong
