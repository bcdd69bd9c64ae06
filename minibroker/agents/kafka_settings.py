"""A producer's configuration as the agent reads it: checked again, since it came over the boundary.
Spans are virtual microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from minibroker.agents.kafka_errors import BadRequest
from minibroker.agents.kafka_partitioner import PARTITIONERS
from minibroker.sim.clock import MILLISECOND
from minibroker.sim.values import Value


@dataclass(frozen=True, slots=True)
class ProducerSettings:
    """See librdkafka's CONFIGURATION.md for what each does."""

    linger: int
    batch_messages: int
    batch_bytes: int
    acks: int
    retries: int
    backoff: int
    backoff_most: int
    in_flight: int
    request_timeout: int
    message_timeout: int
    sticky: int
    partitioner: str
    idempotent: bool
    transactional_id: str
    transaction_timeout: int


def producer_settings(given: Value) -> ProducerSettings:
    """Read what `minibroker.clients.kafka_config.settings` made; raises `BadRequest`."""
    if not isinstance(given, dict):
        raise BadRequest("the configuration is a dict")
    partitioner = given.get("partitioner")
    if not isinstance(partitioner, str) or partitioner not in PARTITIONERS:
        raise BadRequest(f"there is no partitioner {partitioner!r}")
    transactional = given.get("transactional.id") or ""
    if not isinstance(transactional, str):
        raise BadRequest("transactional.id is a str")
    return ProducerSettings(
        linger=_span(given, "queue.buffering.max.ms"),
        batch_messages=max(1, _number(given, "batch.num.messages")),
        batch_bytes=max(1, _number(given, "batch.size")),
        acks=_number(given, "request.required.acks"),
        retries=_number(given, "message.send.max.retries"),
        backoff=max(MILLISECOND, _span(given, "retry.backoff.ms")),
        backoff_most=max(MILLISECOND, _span(given, "retry.backoff.max.ms")),
        in_flight=max(1, _number(given, "max.in.flight.requests.per.connection")),
        request_timeout=_span(given, "request.timeout.ms"),
        message_timeout=_span(given, "message.timeout.ms"),
        sticky=_span(given, "sticky.partitioning.linger.ms"),
        partitioner=partitioner,
        idempotent=given.get("enable.idempotence") is True,
        transactional_id=transactional,
        transaction_timeout=_span(given, "transaction.timeout.ms"),
    )


def _number(given: Mapping[str, Value], name: str) -> int:
    found = given.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or not -1 <= found < 2**31:
        raise BadRequest(f"{name} must be a whole number, not {found!r}")
    return found


def _span(given: Mapping[str, Value], name: str) -> int:
    found = given.get(name)
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 <= found < 2**31:
        raise BadRequest(f"{name} must be a span in milliseconds, not {found!r}")
    return round(found * MILLISECOND)
