"""Fetch: batches from partitions that this broker leads, or the wait for them.

Sessions (KIP-227) save a client the list of its partitions in each request. They are declined, as
the protocol lets a broker do, by session id 0 in each answer.
"""

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minibroker.log.aborted import Aborted
from minibroker.log.batch import Batch
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka import batches
from minibroker.wire.kafka.call import Answer, Answered, Call
from minibroker.wire.kafka.compact import array, text, uvarint
from minibroker.wire.kafka.messages import ms

_FLEXIBLE, _IDS, _TOP_ERROR, _LOG_START, _PREFERRED = 12, 13, 7, 5, 11
"""The versions from which on the response is compact, names topics by id, has an error of its own,
tells the log's start, and may send the client to a nearer replica."""

_PARTITION = struct.Struct(">ihqq")
_ABORTED = struct.Struct(">qq")


@dataclass(slots=True)
class _Read:
    """What there is of one partition, from `offset` on."""

    topic: str
    index: int
    offset: int
    code: Code
    high_watermark: int = -1
    last_stable_offset: int = -1
    log_start: int = -1
    aborted: list[Aborted] | None = None
    batches: Sequence[Batch] = ()
    records: bytes = b""


_Topic = tuple[Any, list[_Read]]
"""A topic as the request names it, by name or by id."""


def answer(call: Call) -> Answered:
    """At once if there are ``min.bytes`` of records, or an error; else when there are, or when the
    client has waited as long as it wants to."""
    request = call.request
    if getattr(request, "session_id", 0):
        return _response(call.version, [], Code.FETCH_SESSION_ID_NOT_FOUND)
    found, size, ready = _read(call)
    if ready or size >= request.min_bytes or not ms(request.max_wait):
        return _handed(call, found)
    return _later(call, ms(request.max_wait) / 1000)


async def _later(call: Call, wait: float) -> Answer:
    server = call.broker.server
    deadline = server.loop.time() + wait
    while True:
        news = server.news()
        try:
            found, size, ready = _read(call)  # what came before anyone waited for news
            left = deadline - server.loop.time()
            if ready or size >= call.request.min_bytes or left <= 0:
                return _handed(call, found)
            await asyncio.wait((news,), timeout=left)
        finally:
            news.cancel()


def _read(call: Call) -> tuple[list[_Topic], int, bool]:
    """What may be read now, how many bytes that is, and whether the client must hear of it however
    few they are, since something is wrong."""
    request = call.request
    committed = request.isolation_level == 1
    left, size, wrong = request.max_bytes, 0, False
    found: list[_Topic] = []
    for topic in request.topics:
        name = topic.topic_id if call.version >= _IDS else topic.topic
        reads = []
        for each in topic.partitions:
            read = _partition(call, name, each, min(left, each.partition_max_bytes), committed)
            if size and len(read.records) > left:
                # Only the first batch may be larger than the client wants.
                read.records, read.batches = b"", ()
            left -= len(read.records)
            size += len(read.records)
            wrong = wrong or read.code is not Code.NONE
            reads.append(read)
        found.append((name, reads))
    return found, size, wrong


def _partition(call: Call, name: Any, each: Any, most: int, committed: bool) -> _Read:
    topic, offset = "", each.fetch_offset
    try:
        topic = call.cluster.topic_of(name) if call.version >= _IDS else name
        call.must_lead(topic, each.partition)
        epoch = getattr(each, "current_leader_epoch", -1)
        fetched = call.cluster.fetch(
            topic,
            each.partition,
            offset,
            max_bytes=most,
            read_committed=committed,
            current_epoch=None if epoch < 0 else epoch,
        )
    except LogError as error:
        return _Read(topic, each.partition, offset, error.code)
    return _Read(
        topic,
        each.partition,
        offset,
        Code.NONE,
        fetched.high_watermark,
        fetched.last_stable_offset,
        fetched.log_start,
        fetched.aborted if committed else None,
        fetched.batches,
        b"".join(map(batches.written, fetched.batches)),
    )


def _handed(call: Call, topics: list[_Topic]) -> bytes:
    """The response; the trace is told of it when it is sent, for at a fault it may not be."""
    handed, who = call.broker.server.handed, call.who
    if handed is not None:

        def tell() -> None:
            for _, reads in topics:
                for each in reads:
                    if each.batches:
                        handed.tell(
                            who, each.topic, each.index, each.offset, each.batches,
                            each.aborted or (),
                        )  # fmt: skip

        call.when_sent = tell
    return _response(call.version, topics)


def _response(version: int, topics: list[_Topic], code: Code = Code.NONE) -> bytes:
    """Written by hand: see `minibroker.wire.kafka.requests.produce`."""
    compact = version >= _FLEXIBLE
    end = b"\x00" if compact else b""
    head = bytes(4)
    if version >= _TOP_ERROR:
        head += code.to_bytes(2, "big") + bytes(4)
    written = [
        (name.bytes if version >= _IDS else text(compact, name))
        + array(compact, [_written(version, compact, each) for each in reads])
        + end
        for name, reads in topics
    ]
    return head + array(compact, written) + end


def _written(version: int, compact: bool, read: _Read) -> bytes:
    parts = [_PARTITION.pack(read.index, read.code, read.high_watermark, read.last_stable_offset)]
    if version >= _LOG_START:
        parts.append(read.log_start.to_bytes(8, "big", signed=True))
    if read.aborted is None:
        parts.append(b"\x00" if compact else b"\xff\xff\xff\xff")
    else:
        end = b"\x00" if compact else b""
        pairs = [_ABORTED.pack(each.producer_id, each.first_offset) + end for each in read.aborted]
        parts.append(array(compact, pairs))
    if version >= _PREFERRED:
        parts.append(b"\xff\xff\xff\xff")
    size = len(read.records)
    parts.append(uvarint(size + 1) if compact else size.to_bytes(4, "big"))
    parts.append(read.records)
    if compact:
        parts.append(b"\x00")
    return b"".join(parts)
