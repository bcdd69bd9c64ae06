"""One connection to Kafka, with a fault at a chosen request."""

import asyncio
import io
from datetime import timedelta
from importlib import import_module
from typing import Any, cast

from kio.schema.errors import ErrorCode
from kio.serial import entity_reader, entity_writer

from ackademy.reality.clock import RealClock
from ackademy.reality.kafka_book import KafkaBook
from ackademy.reality.kafka_link import KafkaLink
from ackademy.reality.kafka_wire import Frames, asked_for, framed
from ackademy.reality.points import Op, Point
from minibroker.sim.trace import Appended, Trace, TransactionBegan, TransactionEnded
from tests.ackademy.reality.batches import batch_of
from tests.ackademy.reality.pipes import Gateway, Sink, passed_on, reader

WHO = "biller#1"
AT_ONCE = timedelta(0)

END = framed(
    asked_for(
        "end_txn", 1, 2, transactional_id="b", producer_id=5, producer_epoch=0, committed=True
    )
)


def answer(name: str, version: int, number: int, **fields: Any) -> bytes:
    """A response with a header that is not compact."""
    module = import_module(f"kio.schema.{name}.v{version}.response")
    kind = getattr(module, "".join(map(str.capitalize, name.split("_"))) + "Response")
    buffer = io.BytesIO()
    entity_writer(kind)(buffer, kind(**fields))
    return framed(number.to_bytes(4, "big") + buffer.getvalue())


def produced(number: int) -> tuple[bytes, bytes]:
    """A Produce of one record to a transaction, and its answer."""
    asked = import_module("kio.schema.produce.v7.request")
    part = asked.PartitionProduceData(index=0, records=batch_of(b'{"id": "order-1"}'))
    topic = asked.TopicProduceData(name="invoices", partition_data=(part,))
    request = framed(
        asked_for(
            "produce",
            7,
            number,
            transactional_id="b",
            acks=-1,
            timeout=timedelta(seconds=1),
            topic_data=(topic,),
        )
    )
    said = import_module("kio.schema.produce.v7.response")
    stands = said.PartitionProduceResponse(
        index=0, error_code=ErrorCode.none, base_offset=3, log_append_time=None, log_start_offset=0
    )
    responses = (said.TopicProduceResponse(name="invoices", partition_responses=(stands,)),)
    return request, answer("produce", 7, number, responses=responses, throttle_time=AT_ONCE)


class Case:
    """A link between two ends that a test feeds. The proxy listens on port 1234."""

    def __init__(self, *points: Point) -> None:
        self.book = KafkaBook(Trace(), RealClock())
        self.client, self.broker = reader(), reader()
        self.to_client, self.to_broker = Sink(), Sink()
        self.gate = Gateway(list(points), self.to_broker)

        async def front(host: str, port: int) -> int:
            return 1234

        link = KafkaLink(WHO, self.book, self.gate, front)
        self._task = asyncio.ensure_future(
            link.run(
                (self.client, cast(Any, self.to_client)), (self.broker, cast(Any, self.to_broker))
            )
        )

    async def says(self, data: bytes) -> None:
        """The client sends."""
        self.client.feed_data(data)
        await passed_on()

    async def answers(self, data: bytes) -> None:
        """The broker sends."""
        self.broker.feed_data(data)
        await passed_on()

    async def ended(self) -> None:
        """Both ends close."""
        self.client.feed_eof()
        self.broker.feed_eof()
        await self._task


def commit(when: Any) -> Point:
    return Point("biller", Op("commit_transaction", "order-1"), 1, when, "crash")


ENDED = answer("end_txn", 1, 2, throttle_time=AT_ONCE, error_code=ErrorCode.none)


async def transaction(case: Case) -> None:
    asked, said = produced(1)
    await case.says(asked)
    await case.answers(said)
    await case.says(END)


def test_what_was_answered_is_in_the_book() -> None:
    async def story() -> Case:
        case = Case()
        await transaction(case)
        await case.answers(ENDED)
        await case.ended()
        return case

    case = asyncio.run(story())
    kinds = [type(event) for event in case.book.trace.events]
    assert kinds == [TransactionBegan, Appended, TransactionEnded]
    assert bytes(case.to_client.written) == produced(1)[1] + ENDED


def test_before_a_commit_nothing_of_it_reaches_the_broker() -> None:
    async def story() -> Case:
        case = Case(commit("before"))
        await transaction(case)
        await case.ended()
        return case

    case = asyncio.run(story())
    assert bytes(case.to_broker.written) == produced(1)[0]
    assert len(case.gate.struck) == 1


def test_after_a_commit_its_answer_is_there_and_not_passed_back() -> None:
    async def story() -> tuple[int, Case]:
        case = Case(commit("after"))
        await transaction(case)
        early = len(case.gate.struck)
        await case.answers(ENDED)
        await case.ended()
        return early, case

    early, case = asyncio.run(story())
    assert (early, len(case.gate.struck)) == (0, 1)
    assert case.book.trace.of(TransactionEnded)
    assert bytes(case.to_client.written) == produced(1)[1]


def test_a_commit_that_was_refused_is_none() -> None:
    async def story() -> Case:
        case = Case()
        await transaction(case)
        refused = ErrorCode.invalid_producer_epoch
        await case.answers(answer("end_txn", 1, 2, throttle_time=AT_ONCE, error_code=refused))
        await case.ended()
        return case

    assert not asyncio.run(story()).book.trace.of(TransactionEnded)


def test_a_client_is_told_that_the_proxy_is_the_broker() -> None:
    said = import_module("kio.schema.metadata.v5.response")
    broker = said.MetadataResponseBroker(node_id=1, host="kafka.example", port=9092, rack=None)
    metadata = answer(
        "metadata",
        5,
        1,
        throttle_time=AT_ONCE,
        brokers=(broker,),
        cluster_id="c",
        controller_id=1,
        topics=(),
    )

    async def story() -> Case:
        case = Case()
        await case.says(
            framed(asked_for("metadata", 5, 1, topics=(), allow_auto_topic_creation=False))
        )
        await case.answers(metadata)
        await case.ended()
        return case

    [frame] = Frames().feed(bytes(asyncio.run(story()).to_client.written))
    told, _ = entity_reader(said.MetadataResponse)(frame, 4)
    assert [(each.host, each.port) for each in told.brokers] == [("127.0.0.1", 1234)]


def test_who_is_told_its_member_id_is_a_member_that_must_leave() -> None:
    join = asked_for(
        "join_group",
        5,
        1,
        group_id="billers",
        session_timeout=timedelta(seconds=45),
        rebalance_timeout=timedelta(seconds=300),
        member_id="",
        group_instance_id=None,
        protocol_type="consumer",
        protocols=(),
    )
    told = answer(
        "join_group",
        5,
        1,
        throttle_time=AT_ONCE,
        error_code=ErrorCode.member_id_required,
        generation_id=-1,
        protocol_name="",
        leader="",
        member_id="rdkafka-1",
        members=(),
    )

    async def story() -> Case:
        case = Case()
        await case.says(framed(join))
        await case.answers(told)
        await case.ended()
        return case

    assert asyncio.run(story()).book.members == {"rdkafka-1": ("billers", WHO)}


def test_what_is_not_understood_goes_on_as_it_came() -> None:
    heartbeat = framed(
        asked_for("heartbeat", 3, 9, group_id="g", generation_id=1, member_id="m",
                  group_instance_id=None)
    )  # fmt: skip
    answered = framed((9).to_bytes(4, "big") + b"anything")

    async def story() -> Case:
        case = Case()
        await case.says(heartbeat)
        await case.answers(answered)
        await case.ended()
        return case

    case = asyncio.run(story())
    assert bytes(case.to_broker.written) == heartbeat
    assert bytes(case.to_client.written) == answered
