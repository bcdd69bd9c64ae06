"""What crosses for the `confluent_kafka`-shaped clients, and the real library's classes made of it.

An error of Kafka's crosses as a `Refusal` of the name ``KafkaError`` with the data ``code`` and,
where they are true, ``fatal``, ``retriable`` and ``abort`` (the transaction must be aborted).
Inside an answer it is a dict of the same, with ``text``.
"""

from collections.abc import Iterable
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from minibroker.clients import Asks, NotInSubset
from minibroker.sim.incarnation import Refused
from minibroker.sim.values import Value

Fields = dict[str, Value]


def group_metadata(
    group: str, generation: int = -1, member_id: str = "", instance_id: str | None = None
) -> bytes:
    """What `Consumer.consumer_group_metadata()` gives, for `send_offsets_to_transaction` only: the
    group, and who of it the consumer is (KIP-447). Bytes, as in confluent_kafka 2.16, which lays
    them out just so."""
    ends = b"\x01" if instance_id is None else b"\x00" + instance_id.encode() + b"\x00"
    return (
        _MAGIC
        + generation.to_bytes(4, "little", signed=True)
        + group.encode()
        + b"\x00"
        + member_id.encode()
        + b"\x00"
        + ends
    )


def sent_group(given: object) -> Fields:
    """Group metadata as it crosses: ``group``, ``generation``, ``member_id``, ``instance_id``."""
    if not isinstance(given, bytes):
        raise TypeError(f"expected bytes, {type(given).__name__} found")
    parts = given[len(_MAGIC) + 4 :].split(b"\x00")
    if not given.startswith(_MAGIC) or len(parts) < 3:
        raise KafkaException(
            KafkaError(KafkaError._BAD_MSG, "Deserialization failed: Input buffer corrupted")
        )
    return {
        "group": parts[0].decode(),
        "generation": int.from_bytes(given[len(_MAGIC) : len(_MAGIC) + 4], "little", signed=True),
        "member_id": parts[1].decode(),
        "instance_id": parts[3].decode() if parts[2] == b"" and len(parts) > 3 else None,
    }


_MAGIC = b"CGMDv2:"


def error(found: Fields, text: str = "") -> KafkaError:
    """The real library's error of one that crossed."""
    words = cast(str, found.get("text", "")) or text
    flags = [bool(found.get(name)) for name in ("fatal", "retriable", "abort")]
    return KafkaError(cast(int, found["code"]), words or None, *flags)


def ask(boundary: Asks, op: str, **args: object) -> Value:
    """Cross the boundary to the cluster; raises what the real library would."""
    try:
        return boundary.ask("kafka", op, **args)
    except Refused as refused:
        if refused.error == "KafkaError":
            raise KafkaException(error(refused.data, str(refused))) from None
        kinds: dict[str, type[Exception]] = {
            "TypeError": TypeError,
            "ValueError": ValueError,
            "RuntimeError": RuntimeError,
        }
        raise kinds.get(refused.error, NotInSubset)(str(refused)) from None


def as_bytes(what: str, value: object) -> bytes | None:
    """A key or a value as confluent_kafka takes it: str, bytes or None."""
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise TypeError(f"a bytes-like object is required, not '{type(value).__name__}'")


def sent_headers(given: object) -> list[list[Value]]:
    """Headers as they cross: ``[name, value]`` each. Taken are a dict, or a list of pairs; values
    are str, bytes or None."""
    if given is None:
        return []
    if isinstance(given, dict):
        pairs: Iterable[Any] = given.items()
    elif isinstance(given, list):
        pairs = given
    else:
        raise TypeError(
            "expected headers to be dict or list of (key, value) tuples, not "
            f"{type(given).__name__}"
        )
    found: list[list[Value]] = []
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Headers are expected to be a list of (key, value) tuples")
        name, value = pair
        if not isinstance(name, str):
            raise TypeError("Header key is expected to be str")
        if value is not None and not isinstance(value, str | bytes):
            raise TypeError(
                "expected header value to be None, binary, or unicode string, not "
                f"{type(value).__name__}"
            )
        found.append([name, value.encode() if isinstance(value, str) else value])
    return found


def message(record: dict[str, Any], problem: KafkaError | None = None) -> Message:
    """The real library's message of a record that crossed: ``topic``, ``partition``, ``offset``,
    ``key``, ``value``, ``headers``, ``timestamp`` (``[type, milliseconds]``)."""
    headers = [(name, value) for name, value in record["headers"]]
    kind, when = record["timestamp"]
    return Message(
        topic=record["topic"],
        partition=record["partition"],
        offset=record["offset"],
        key=record["key"],
        value=record["value"],
        headers=headers or None,
        timestamp=(kind, when),
        error=problem,
    )


def sent_offsets(given: object) -> list[list[Value]]:
    """Offsets as they cross: ``[topic, partition, offset, metadata]`` each."""
    if not isinstance(given, list):
        raise TypeError("requires list of TopicPartition")
    if not all(isinstance(item, TopicPartition) for item in given):
        raise TypeError("expected cimpl.TopicPartition")
    return [[item.topic, item.partition, item.offset, item.metadata] for item in given]
