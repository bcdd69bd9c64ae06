"""Produce: batches for partitions that this broker leads."""

import struct
from contextlib import suppress
from typing import Any

from minibroker.log.batch import Batch
from minibroker.log.errors import Code, LogError
from minibroker.log.partition import UNKNOWN, Produced
from minibroker.log.pending import Pending
from minibroker.wire.kafka import batches
from minibroker.wire.kafka.call import Answer, Answered, Call, settled
from minibroker.wire.kafka.compact import array, text
from minibroker.wire.kafka.messages import ms

Result = tuple[str, int, Pending[Produced]]

_FLEXIBLE, _LOG_START, _WORDS, _ABORTABLE, _ADDS = 9, 5, 8, 11, 12
"""The versions from which on the response is compact, tells the log's start, and says in words what
was wrong; and from which on clients know TRANSACTION_ABORTABLE, and a partition is added to its
transaction by this request (KIP-890)."""

_RESULT = struct.Struct(">ihqq")


def answer(call: Call) -> Answered:
    """At once if the engine has answered, as it has with one replica; with ``acks=0`` nothing."""
    results = [
        (topic.name, each.index, _appended(call, topic.name, each))
        for topic in call.request.topic_data
        for each in topic.partition_data
    ]
    if call.request.acks == 0:
        if any(_code(pending) for _, _, pending in results):
            # The client can be told in no other way that something is wrong (as Kafka does).
            call.connection.abort("a batch that was sent with acks=0 was refused")
        return None
    if all(pending.done for _, _, pending in results):
        return _response(call, results)
    return _later(call, results)


async def _later(call: Call, results: list[Result]) -> Answer:
    for _, _, pending in results:
        with suppress(LogError):  # it stands in the response
            await settled(pending, call.broker.server.loop)
    return _response(call, results)


def _appended(call: Call, topic: str, each: Any) -> Pending[Produced]:
    try:
        call.must_lead(topic, each.index)
        return call.cluster.produce(
            call.who,
            topic,
            each.index,
            _batch(each.records or b""),
            call.request.acks,
            timeout_us=ms(call.request.timeout) * 1_000,
            transactional_id=call.request.transactional_id or "",
            add=call.version >= _ADDS,
        )
    except LogError as error:
        refused: Pending[Produced] = Pending()
        refused.settle(error)
        return refused


def _batch(records: bytes) -> Batch:
    found = list(batches.parsed(records))
    if len(found) != 1:
        raise LogError(
            Code.INVALID_RECORD,
            f"a partition is sent one batch in a request, not {len(found)}",
        )
    batch = found[0]
    if batch.control is not None:
        raise LogError(Code.INVALID_RECORD, "only the broker writes control batches")
    if batch.records != batch.last_delta + 1:
        raise LogError(
            Code.INVALID_RECORD,
            f"a batch of {batch.records} records ends at its offset {batch.last_delta}",
        )
    return batch


def _code(pending: Pending[Produced]) -> Code:
    try:
        pending.get()
    except LogError as error:
        return error.code
    return Code.NONE


def _told(call: Call, error: LogError) -> Code:
    """A newer client is told that a transaction which it may not write to is to be aborted."""
    if (
        error.code is Code.INVALID_TXN_STATE
        and call.version >= _ABORTABLE
        and call.request.transactional_id
    ):
        return Code.TRANSACTION_ABORTABLE
    return error.code


def _response(call: Call, results: list[Result]) -> bytes:
    """Written by hand: this and the answer to a fetch are what throughput hangs on."""
    version = call.version
    compact = version >= _FLEXIBLE
    topics: dict[str, list[bytes]] = {}
    for topic, index, pending in results:
        produced, error = UNKNOWN, None
        try:
            produced = pending.get()
        except LogError as refused:
            error = refused
        parts = [
            _RESULT.pack(
                index,
                _told(call, error) if error else 0,
                produced.base_offset,
                produced.timestamp_ms,
            )
        ]
        if version >= _LOG_START:
            parts.append(produced.log_start.to_bytes(8, "big", signed=True))
        if version >= _WORDS:
            parts.append(array(compact, []))
            parts.append(text(compact, error.text if error else None))
        if compact:
            parts.append(b"\x00")
        topics.setdefault(topic, []).append(b"".join(parts))
    end = b"\x00" if compact else b""
    written = [
        text(compact, name) + array(compact, partitions) + end
        for name, partitions in topics.items()
    ]
    return array(compact, written) + bytes(4) + end
