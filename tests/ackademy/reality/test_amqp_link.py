"""One AMQP connection, with a fault at a chosen request."""

import asyncio
from typing import Any, cast

import pytest
from pamqp import base, commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from ackademy.reality import amqp_link
from ackademy.reality.amqp_book import AmqpBook
from ackademy.reality.amqp_link import AmqpLink
from ackademy.reality.amqp_wire import Units, probe
from ackademy.reality.clock import RealClock
from ackademy.reality.points import Op, Point
from minibroker.sim.trace import Delivered, Published, Settled, Trace
from tests.ackademy.reality.pipes import Gateway, Sink, passed_on, reader

WHO = "worker#1"


def sent(method: base.Frame) -> bytes:
    return frame.marshal(method, 1)


def message(method: base.Frame, body: bytes) -> bytes:
    header = ContentHeader(body_size=len(body), properties=commands.Basic.Properties())
    return sent(method) + frame.marshal(header, 1) + frame.marshal(ContentBody(body), 1)


PUBLISH = message(commands.Basic.Publish(routing_key="orders.dead"), b"one")
DELIVER = message(
    commands.Basic.Deliver(consumer_tag="c", delivery_tag=1, exchange="", routing_key="orders"),
    b"one",
)
ACK = sent(commands.Basic.Ack(delivery_tag=1))
DECLARED = sent(commands.Exchange.DeclareOk())


class Case:
    """A link between two ends that a test feeds."""

    def __init__(self, *points: Point) -> None:
        self.book = AmqpBook(Trace(), RealClock())
        self.book.declared("orders", None)
        self.book.declared("orders.dead", None)
        self.book.published("scenario", "", "orders", b"one", {})
        self.client, self.broker = reader(), reader()
        self.to_client, self.to_broker = Sink(), Sink()
        self.gate = Gateway(list(points), self.to_broker)
        link = AmqpLink(WHO, 1, self.book, self.gate)
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
        await self.over()

    async def over(self) -> None:
        """It has ended by itself."""
        await self._task


def point(name: str, when: Any, kind: str = "crash", nth: int = 1) -> Point:
    return Point("worker", Op(name, "one"), nth, when, kind)


def test_without_a_fault_all_passes_as_it_came() -> None:
    async def story() -> Case:
        case = Case()
        await case.answers(DELIVER)
        await case.says(PUBLISH + ACK)
        await case.ended()
        return case

    case = asyncio.run(story())
    assert bytes(case.to_broker.written) == PUBLISH + ACK
    assert bytes(case.to_client.written) == DELIVER
    kinds = [type(event) for event in case.book.trace.events]
    assert kinds == [Published, Delivered, Published, Settled]


def test_before_a_request_nothing_of_it_reaches_the_broker() -> None:
    async def story() -> Case:
        case = Case(point("basic_publish", "before"))
        await case.answers(DELIVER)
        await case.says(PUBLISH)
        await case.ended()
        return case

    case = asyncio.run(story())
    assert [each for _, each in case.gate.struck] == [b""]
    assert bytes(case.to_broker.written) == b""
    assert len(case.book.trace.of(Published)) == 1


def test_after_an_ack_the_fault_waits_for_the_answer_to_a_probe() -> None:
    async def story() -> tuple[int, Case]:
        case = Case(point("basic_ack", "after"))
        await case.answers(DELIVER)
        await case.says(ACK)
        early = len(case.gate.struck)
        await case.answers(DECLARED)
        await case.ended()
        return early, case

    early, case = asyncio.run(story())
    assert early == 0
    assert [each for _, each in case.gate.struck] == [ACK + probe(1)]
    assert bytes(case.to_client.written) == DELIVER


def test_after_a_confirmed_publish_the_fault_waits_for_the_confirm() -> None:
    async def story() -> tuple[int, Case]:
        case = Case(point("basic_publish", "after"))
        await case.says(sent(commands.Confirm.Select()))
        await case.answers(sent(commands.Confirm.SelectOk()))
        await case.says(PUBLISH)
        early = len(case.gate.struck)
        await case.answers(ACK)
        await case.ended()
        return early, case

    early, case = asyncio.run(story())
    assert (early, len(case.gate.struck)) == (0, 1)
    names = [unit.name for unit in Units().feed(bytes(case.to_client.written))]
    assert names == ["Confirm.SelectOk"]


def test_a_request_is_counted_by_what_it_is_about() -> None:
    async def story() -> Case:
        case = Case(point("basic_publish", "before", nth=2))
        await case.says(message(commands.Basic.Publish(routing_key="orders"), b"other"))
        await case.says(PUBLISH)
        await case.says(PUBLISH)
        await case.ended()
        return case

    case = asyncio.run(story())
    assert len(case.gate.struck) == 1
    assert len(case.book.trace.of(Published)) == 3


def test_what_comes_during_a_pause_is_passed_back_after_it() -> None:
    async def story() -> Case:
        case = Case(point("basic_ack", "after", "pause"))
        await case.answers(DELIVER)
        await case.says(ACK)
        await case.answers(DELIVER + DECLARED)
        await case.ended()
        return case

    case = asyncio.run(story())
    assert bytes(case.to_client.written) == DELIVER + DELIVER


def test_a_worker_that_asks_for_messages_is_ready() -> None:
    async def story() -> Case:
        case = Case()
        await case.says(sent(commands.Basic.Get(queue="orders")))
        await case.ended()
        return case

    assert asyncio.run(story()).gate.ready_ones == [WHO]


def test_a_fault_after_a_request_that_the_broker_never_applies_is_an_error_and_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(amqp_link, "PATIENCE", 0.01)

    async def story() -> Case:
        case = Case(point("basic_ack", "after"))
        await case.answers(DELIVER)
        await case.says(ACK)
        with pytest.raises(RuntimeError, match=r"the broker has not applied Basic\.Ack"):
            await case.over()
        return case

    assert not asyncio.run(story()).gate.struck


def test_an_error_of_ours_ends_the_connection_and_is_told() -> None:
    async def story() -> Case:
        case = Case()
        # Nobody has asked for it, so it is not known from which queue it is.
        await case.answers(
            message(
                commands.Basic.GetOk(1, exchange="", routing_key="orders", message_count=0), b"one"
            )
        )
        with pytest.raises(KeyError):
            await case.over()
        return case

    case = asyncio.run(story())
    assert (case.to_client.closed, case.to_broker.closed) == (True, True)
