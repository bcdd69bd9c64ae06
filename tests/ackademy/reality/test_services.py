"""Ledgers for a process outside the simulator."""

import asyncio
import json
import socket
from typing import Any

import pytest

from ackademy.reality.clock import RealClock
from ackademy.reality.points import Op, Point
from ackademy.reality.services import Services
from minibroker.ledgers.payments import Trouble
from minibroker.sim.effect import Caller
from minibroker.sim.trace import Declined, SideEffect, Trace
from tests.ackademy.reality.pipes import Gateway, Sink

CHARGE = {
    "client": "payments",
    "op": "charge",
    "args": {"order": "order-1", "cents": 500, "idempotency_key": "order-1"},
}


class Told:
    """What a process was answered, and what the ledgers say."""

    def __init__(self, *points: Point) -> None:
        self.trace, clock = Trace(), RealClock()
        self.services = Services(clock, self.trace)
        self.gate = Gateway(list(points), Sink())
        self.answers: list[dict[str, Any]] = []
        self.ended: dict[str, Any] | None = None

    def ask(self, *asked: dict[str, Any]) -> "Told":
        """Be a process that asks this, and ends."""

        async def story() -> None:
            mine, theirs = socket.socketpair()
            child = await asyncio.open_connection(sock=theirs)
            parent = await asyncio.open_connection(sock=mine)
            for each in asked:
                child[1].write(json.dumps(each).encode() + b"\n")
            child[1].write_eof()
            self.ended = await self.services.serve(Caller("worker", 1), *parent, self.gate)
            parent[1].close()
            async for line in child[0]:
                self.answers.append(json.loads(line))
            child[1].close()

        asyncio.run(story())
        return self


def point(when: Any, kind: str) -> Point:
    return Point("worker", Op("charge", "order-1"), 1, when, kind)


def test_a_charge_is_made_once_under_its_key() -> None:
    told = Told().ask(CHARGE, CHARGE)
    assert [each["value"]["id"] for each in told.answers] == ["ch_1", "ch_1"]
    assert len(told.trace.of(SideEffect)) == 1


def test_a_bank_in_trouble_refuses() -> None:
    told = Told()
    told.services.payments.trouble("order-1", Trouble("CardDeclined", "no"))
    told.ask(CHARGE)
    assert [each["error"] for each in told.answers] == ["CardDeclined"]
    assert len(told.trace.of(Declined)) == 1


def test_an_answer_that_gets_lost_leaves_the_charge() -> None:
    told = Told(point("after", "indefinite")).ask(CHARGE)
    assert [each["error"] for each in told.answers] == ["PaymentTimeout"]
    assert len(told.trace.of(SideEffect)) == 1


def test_a_request_that_gets_lost_charges_nothing() -> None:
    told = Told(point("before", "definite")).ask(CHARGE)
    assert [each["error"] for each in told.answers] == ["GatewayUnavailable"]
    assert not told.trace.of(SideEffect)


@pytest.mark.parametrize(("when", "charged"), [("before", 0), ("after", 1)])
def test_who_is_killed_gets_no_answer(when: str, charged: int) -> None:
    told = Told(point(when, "crash")).ask(CHARGE, CHARGE)
    assert told.answers == []
    assert len(told.trace.of(SideEffect)) == charged


def test_how_a_process_ended_is_told() -> None:
    ended = {"how": "raised", "error": "KeyError", "message": "'id'", "line": 3}
    assert Told().ask({"ended": ended}).ended == ended


def test_a_process_that_is_gone_has_not_ended_by_itself() -> None:
    assert Told().ask(CHARGE).ended is None
