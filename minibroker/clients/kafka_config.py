"""The configuration of a `confluent_kafka` client: what librdkafka knows, what of it is simulated,
and its words for what it refuses.

Every name that librdkafka 2.16 knows is one of three kinds here. A *simulated* property does what
it does for a real client. A *plain* one is checked and taken, since nothing that can be seen here
depends on it (socket buffers, prefetching, compression, logging). Any other raises `NotInSubset`;
a name that librdkafka does not know either is a `KafkaException`, as there (librdkafka's
CONFIGURATION.md).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias, cast

from confluent_kafka import KafkaError, KafkaException

from minibroker.clients import NotInSubset
from minibroker.clients.kafka_properties import (
    ALIASES,
    NOT_HERE,
    OTHERWISE,
    PLAIN,
    SIMULATED,
    WHEN_GIVEN,
    WORDS,
)
from minibroker.sim.values import Value

ADDRESS = "kafka:9092"
"""Where the simulated cluster is found; a learner's function is given it."""

Who: TypeAlias = Literal["producer", "consumer", "admin"]
CALLABLES = ("error_cb", "throttle_cb", "stats_cb", "oauth_cb", "on_delivery", "on_commit")
"""What confluent_kafka itself takes from the dict, besides librdkafka's properties."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property: for whom (``P``, ``C`` or ``*``), of which kind, its default (None: it is not
    set), and what it may be: the bounds of a number, the words of an enumeration."""

    name: str
    who: str
    kind: str
    default: Value
    low: float = 0
    high: float = 0
    words: tuple[str, ...] = ()


Callbacks: TypeAlias = dict[str, Callable[..., Any]]


def split(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The one dict of what a client's constructor was given, as confluent_kafka takes it: a dict,
    keywords, or both."""
    if len(args) > 1:
        raise TypeError("expected tuple containing single dict")
    if (args and not isinstance(args[0], dict)) or not (args or kwargs):
        raise TypeError("expected configuration dict")
    given = {**(args[0] if args else {}), **kwargs}
    given.pop("logger", None)
    topics = given.pop("default.topic.config", None)
    return {**given, **(topics if isinstance(topics, dict) else {})}


def callbacks(given: dict[str, Any]) -> Callbacks:
    """Take the callables out of what was given."""
    found: Callbacks = {}
    for name in CALLABLES:
        if (value := given.pop(name, None)) is None:
            continue
        if not callable(value):
            if name.startswith("on_"):
                invalid(f"{name} requires a callable object")
            raise TypeError(f"expected {name} property as a callable function")
        found[name] = value
    return found


def settings(who: Who, given: Mapping[Any, Any]) -> dict[str, Value]:
    """All simulated properties of a client of this kind, by librdkafka's first name for each, with
    its default where `given` has nothing. Raises as the real constructor does."""
    chosen: dict[str, Value] = {}
    further: dict[str, Value] = {}
    for key, value in given.items():
        name = ALIASES.get(str(key), str(key))
        if name in _SIMULATED:
            chosen[name] = parsed(_SIMULATED[name], value)
        elif name in _PLAIN:
            read = parsed(_PLAIN[name], value)
            if name in WHEN_GIVEN:
                further[name] = read
        elif name in _NOT_HERE:
            if str(value).lower() != OTHERWISE.get(name):
                raise NotInSubset(
                    f"the property {str(key)!r} is not simulated here; leave it out (those that "
                    "are, are listed in minibroker/clients/kafka_properties.py)"
                )
        else:
            invalid(f'No such configuration property: "{key}"')
    defaults = _DEFAULTS[who]
    found = defaults | {name: value for name, value in chosen.items() if name in defaults}
    found |= further
    _located(found["metadata.broker.list"])
    if who == "producer":
        _producer(found, chosen)
    elif who == "consumer":
        _consumer(found)
    return found


def parsed(of: Property, value: object) -> Value:
    """A property's value from what was given for it: any object, of which librdkafka reads
    `str()`."""
    text = "" if value is None else str(value).strip()
    if of.name == "delivery.report.only.error" and not isinstance(value, bool):
        kind = type(value).__name__
        raise TypeError(f"Expected delivery.report.only.error to be bool type, not {kind}")
    if of.name == "partitioner" and text not in PARTITIONERS:
        invalid(f'Invalid value for configuration property "{of.name}": {text or "(null)"}')
    if of.kind == "str":
        return text or None
    if not text:
        named = {"int": "Integer c", "float": "Float c", "bool": "Bool c", "enum": "C"}[of.kind]
        invalid(f'{named}onfiguration property "{of.name}" cannot be set to empty value')
    if of.kind == "bool":
        if text.lower() not in _BOOLS:
            invalid(f'Expected bool value for "{of.name}": true or false')
        return _BOOLS[text.lower()]
    if of.kind == "enum":
        if text.lower() not in of.words:
            invalid(f'Invalid value "{text}" for configuration property "{of.name}"')
        return text.lower()
    number = _integer(of, text) if of.kind == "int" else _float(text)
    if number is None:
        invalid(f'Invalid value for configuration property "{of.name}"')
    if not of.low <= number <= of.high:
        shown = f"{number:g}" if of.kind == "float" else f"{number}"
        invalid(
            f'Configuration property "{of.name}" value {shown} is outside allowed range '
            f"{of.low:.0f}..{of.high:.0f}\n"
        )
    return number


def invalid(text: str) -> NoReturn:
    """Refuse a configuration in librdkafka's way."""
    raise KafkaException(KafkaError(KafkaError._INVALID_ARG, text))


def _integer(of: Property, text: str) -> int | None:
    """The number that a text begins with, in the C library's way, and of 32 bits."""
    words = WORDS.get(of.name, {})
    if text.lower() in words:
        return words[text.lower()]
    if (found := re.match(r"[+-]?(0x[0-9a-f]+|\d+)", text, re.IGNORECASE)) is None:
        return None
    digits = found[0].lstrip("+-").lower()
    octal = digits[0] == "0" and digits[1:].isdigit()
    if octal and not set(digits) <= set("01234567"):
        digits = "0"
    whole = int(digits, 8 if octal else 0) * (-1 if text[0] == "-" else 1)
    return (whole + 2**31) % 2**32 - 2**31


def _float(text: str) -> float | None:
    found = re.match(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.IGNORECASE)
    return None if found is None else float(found[0])


def _located(servers: Value) -> None:
    if servers != ADDRESS:
        what = "no bootstrap.servers" if servers is None else f"no cluster at {servers!r}"
        raise NotInSubset(
            f"there is {what} here, so this client would wait for ever; set bootstrap.servers to "
            f"the address that your function is given ({ADDRESS!r})"
        )


def _producer(found: dict[str, Value], chosen: Mapping[str, Value]) -> None:
    """The rules between a producer's properties, and what idempotence and transactions change."""
    failed = "Failed to create producer: "
    transactional = found["transactional.id"] is not None
    if transactional and chosen.get("enable.idempotence") is False:
        invalid(failed + "`transactional.id` requires `enable.idempotence=true`")
    if transactional:
        found["enable.idempotence"] = True
        if "message.timeout.ms" not in chosen:
            found["message.timeout.ms"] = found["transaction.timeout.ms"]
        elif _number(found, "message.timeout.ms") > _number(found, "transaction.timeout.ms"):
            invalid(failed + "`message.timeout.ms` must be set <= `transaction.timeout.ms`")
    if found["enable.idempotence"]:
        if "max.in.flight.requests.per.connection" not in chosen:
            found["max.in.flight.requests.per.connection"] = 5
        if _number(found, "max.in.flight.requests.per.connection") > 5:
            invalid(failed + "`max.in.flight` must be set <= 5 when `enable.idempotence` is true")
        if _number(found, "message.send.max.retries") < 1:
            invalid(failed + "`retries` must be set >= 1 when `enable.idempotence` is true")
        if found["request.required.acks"] != -1:
            invalid(failed + "`acks` must be set to `all` when `enable.idempotence` is true")
    limit = _number(found, "message.timeout.ms")
    if limit and limit <= _number(found, "queue.buffering.max.ms"):
        if "queue.buffering.max.ms" in chosen:
            invalid(failed + "`message.timeout.ms` must be greater than `linger.ms`")
        found["queue.buffering.max.ms"] = max(0, limit - 1)


def _consumer(found: Mapping[str, Value]) -> None:
    if found["group.id"] is None:
        raise ValueError("Failed to create consumer: group.id must be set")
    failed = "Failed to create consumer: "
    chosen = [name.strip() for name in str(found["partition.assignment.strategy"]).split(",")]
    for name in chosen:
        if name not in STRATEGIES:
            invalid(f"{failed}Unsupported partition.assignment.strategy: {name}")
    if _number(found, "max.poll.interval.ms") < _number(found, "session.timeout.ms"):
        invalid(f"{failed}`max.poll.interval.ms`must be >= `session.timeout.ms`")


def _number(found: Mapping[str, Value], name: str) -> float:
    return cast(float, found[name])


PARTITIONERS = frozenset(
    {"random", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a",
     "fnv1a_random"}
)  # fmt: skip
STRATEGIES = frozenset({"range", "roundrobin", "cooperative-sticky"})

_BOOLS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def _read(table: str) -> dict[str, Property]:
    found: dict[str, Property] = {}
    for line in table.strip().splitlines():
        name, who, kind, default, *bounds = line.split()
        unset = Property(name, who, kind, None)
        match kind, bounds:
            case (("int" | "float"), [low, high]):
                unset = Property(name, who, kind, None, float(low), float(high))
            case "enum", _:
                unset = Property(name, who, kind, None, words=tuple(bounds))
        value: Value = None if default == "-" else default
        if kind == "bool":
            value = _BOOLS[default]
        elif kind != "str" and value is not None:
            value = parsed(unset, default)
        found[name] = Property(name, who, kind, value, unset.low, unset.high, unset.words)
    return found


_SIMULATED = _read(SIMULATED)
_PLAIN = _read(PLAIN)
_NOT_HERE = {*NOT_HERE.split(), *OTHERWISE}
_WHOSE: Mapping[Who, str] = {"producer": "P*", "consumer": "C*", "admin": "*"}
_DEFAULTS = {
    who: {p.name: p.default for p in _SIMULATED.values() if p.who in mine}
    for who, mine in _WHOSE.items()
}
