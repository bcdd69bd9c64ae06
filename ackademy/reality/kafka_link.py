"""One connection of a learner's process to a Kafka broker, passed on frame by frame.

Requests are counted by their meaning before they go on; the book is told what the broker answered.
A fault is done before a request goes on, or when its answer is there and not yet passed back.
Answers that name brokers are changed, so that the client comes back to the proxy.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ackademy.reality.gate import Gate
from ackademy.reality.kafka_book import KafkaBook
from ackademy.reality.kafka_wire import (
    Frames,
    Request,
    batches_of,
    correlation,
    framed,
    request,
    response,
    shown,
    written,
)
from ackademy.reality.link import Link
from ackademy.reality.points import DELIVERY, Op, Point, about

Front = Callable[[str, int], Awaitable[int]]
"""Gives the port of this proxy for a broker's address."""


class KafkaLink(Link[bytes]):
    """See the module."""

    def __init__(self, who: str, book: KafkaBook, gate: Gate, front: Front) -> None:
        super().__init__(who, gate, Frames)
        self._book, self._front = book, front
        self._asked: dict[int, tuple[Request, Point | None]] = {}

    def _owes_a_fault(self) -> bool:
        return any(point is not None for _, point in self._asked.values())

    async def _sent(self, frame: bytes) -> None:
        asked = request(frame)
        op = op_of(asked, self._book, self.who)
        point = self._gate.comes(self.who, op) if op else None
        if point is not None:
            self._gate.arrest(self.who)
            if point.when == "before":
                await self._gate.strike(self.who, point, self)
                point = None
                if self.over:
                    return
        if asked.name:
            self._asked[asked.correlation] = asked, point
        if asked.name == "fetch" and asked.body.topics:
            self._gate.ready(self.who)
        self._broker.write(framed(frame))

    async def _from_broker(self, frame: bytes) -> None:
        asked, point = self._asked.pop(correlation(frame), (None, None))
        if asked is None:
            self._client.write(framed(frame))
            return
        answer = response(asked, frame)
        changed = await self._redirected(asked, answer)
        values = answered(asked, answer, self._book, self.who)
        for value in values:
            found = self._gate.comes(self.who, Op(DELIVERY, about(value)))
            if found is not None and point is None:
                point = found
                self._gate.arrest(self.who)
        if point is not None:
            await self._gate.strike(self.who, point, self)
            if self.over:
                return
        self._client.write(framed(frame if changed is None else written(asked, changed)))

    async def _redirected(self, asked: Request, answer: Any) -> Any:
        """An answer that names brokers, with this proxy in their place; None for any other."""
        if asked.name == "metadata":
            for topic in answer.topics:
                if getattr(topic, "topic_id", None) and topic.name:
                    self._book.topic_ids[topic.topic_id] = topic.name
            return replace(answer, brokers=tuple([await self._here(b) for b in answer.brokers]))
        if asked.name == "find_coordinator":
            if hasattr(answer, "coordinators"):
                found = [await self._here(each) for each in answer.coordinators]
                return replace(answer, coordinators=tuple(found))
            return await self._here(answer)
        return None

    async def _here(self, node: Any) -> Any:
        if not node.host or node.port < 0:
            return node
        return replace(node, host="127.0.0.1", port=await self._front(node.host, node.port))


def op_of(asked: Request, book: KafkaBook, who: str) -> Op | None:
    """A request by its meaning; see `ackademy.reality.points`."""
    body = asked.body
    match asked.name:
        case "produce":
            for topic in body.topic_data:
                for part in topic.partition_data:
                    for batch in batches_of(part.records):
                        value = shown(batch)[0].value or b""
                        book.last[who] = about(value)
                        return Op("produce", about(value))
        case "txn_offset_commit":
            return Op("send_offsets", _first_place(body.topics))
        case "offset_commit":
            return Op("commit", _first_place(body.topics))
        case "end_txn":
            name = "commit_transaction" if body.committed else "abort_transaction"
            return Op(name, book.last.get(who, ""))
        case "init_producer_id" if body.transactional_id:
            return Op("init_transactions")
    return None


def _first_place(topics: Any) -> str:
    for topic in topics:
        for part in topic.partitions:
            return f"{topic.name}/{part.partition_index}"
    return ""


def answered(asked: Request, answer: Any, book: KafkaBook, who: str) -> list[bytes]:
    """Tell the book what an answer means; gives the values of the records in it."""
    body = asked.body
    match asked.name:
        case "produce":
            _produced(asked, answer, book, who)
        case "fetch":
            return _fetched(asked, answer, book, who)
        case "offset_commit":
            book.offsets(who, body.group_id, _accepted(body.topics, answer.topics))
        case "txn_offset_commit":
            moved = _accepted(body.topics, answer.topics)
            book.offsets(who, body.group_id, moved, body.transactional_id)
        case "end_txn" if answer.error_code == 0:
            book.ended(who, body.transactional_id, "committed" if body.committed else "aborted")
        case "init_producer_id" if answer.error_code == 0 and body.transactional_id:
            book.ended(who, body.transactional_id, "aborted", "fenced")
        case "join_group" if answer.member_id:
            # Also with MEMBER_ID_REQUIRED: its group waits for it from then on (KIP-394).
            book.joined(who, body.group_id, answer.member_id)
        case "sync_group" if answer.error_code == 0:
            book.told(who, answer.assignment)
            book.assigned(body.group_id, body.generation_id, body.assignments)
    return []


def _accepted(asked: Any, answered: Any) -> list[tuple[str, int, int]]:
    """The offsets that the broker took."""
    refused = {
        (topic.name, part.partition_index)
        for topic in answered
        for part in topic.partitions
        if part.error_code != 0
    }
    return [
        (str(topic.name), int(part.partition_index), int(part.committed_offset))
        for topic in asked
        for part in topic.partitions
        if (topic.name, part.partition_index) not in refused
    ]


def _produced(asked: Request, answer: Any, book: KafkaBook, who: str) -> None:
    stood = {
        (_topic(topic, book), part.index): part.base_offset
        for topic in answer.responses
        for part in topic.partition_responses
        if part.error_code == 0
    }
    for topic in asked.body.topic_data:
        for part in topic.partition_data:
            place = _topic(topic, book), part.index
            if (offset := stood.get(place)) is not None and offset >= 0:
                book.produced(who, *place, offset, part.records, asked.body.transactional_id or "")


def _fetched(asked: Request, answer: Any, book: KafkaBook, who: str) -> list[bytes]:
    since = {
        (_topic(topic, book), part.partition): part.fetch_offset
        for topic in asked.body.topics
        for part in topic.partitions
    }
    values = []
    for topic in answer.responses:
        for part in topic.partitions:
            place = _topic(topic, book), part.partition_index
            if part.records:
                values += book.fetched(
                    who,
                    *place,
                    since.get(place, 0),
                    part.records,
                    asked.body.isolation_level,
                    none_aborted=not part.aborted_transactions,
                )
    return values


def _topic(topic: Any, book: KafkaBook) -> str:
    """A topic by its name, which newer versions of a request leave out (KIP-516)."""
    for field in ("topic", "name"):
        if isinstance(name := getattr(topic, field, None), str):
            return str(name)
    return book.topic_ids.get(topic.topic_id, str(topic.topic_id))
