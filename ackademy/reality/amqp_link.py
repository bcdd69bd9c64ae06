"""One AMQP connection of a learner's process, passed on to the broker unit by unit.

Each unit from the client is counted before it goes on, each from the broker before it is passed
back, and all are written into the book. Where a point comes the fault is done: before the unit goes
on; or after the broker has applied it, which it says by its answer or, for what has none, by the
answer to a probe that is sent behind it on the same channel. That answer is not passed on.
"""

import asyncio
from typing import Any

from ackademy.reality.amqp_book import AmqpBook, Held
from ackademy.reality.amqp_wire import Unit, Units, probe
from ackademy.reality.gate import Gate
from ackademy.reality.link import Link
from ackademy.reality.points import DELIVERY, Op, about

PATIENCE = 30.0
"""Seconds that a broker may take to apply a request."""

ANSWERS = {
    "Basic.Consume": "Basic.ConsumeOk",
    "Basic.Cancel": "Basic.CancelOk",
}
SETTLING = {"Basic.Ack": "acked", "Basic.Nack": "nacked", "Basic.Reject": "rejected"}


class AmqpLink(Link[Unit]):
    """See the module. `number` tells the connections of one process apart."""

    def __init__(self, who: str, number: int, book: AmqpBook, gate: Gate) -> None:
        super().__init__(who, gate, Units)
        self._number = number
        self._book = book
        self._consumers: dict[tuple[int, str], tuple[str, bool]] = {}
        self._gets: dict[int, tuple[str, bool]] = {}
        self._declared: dict[int, Any] = {}
        self._sent_on: dict[int, int] = {}  # channel that confirms to how many were published
        self._confirmed: dict[int, int] = {}
        self._wanted: tuple[int, str, asyncio.Future[None]] | None = None
        self._held: list[bytes] = []
        self._holding = False

    def _ended(self) -> None:
        self._book.lost(self.who, self._number)

    # --- from the client -------------------------------------------------------------------

    async def _sent(self, unit: Unit) -> None:
        op = self._op(unit)
        point = self._gate.comes(self.who, op) if op else None
        if point is not None:
            self._gate.arrest(self.who)
        if point is not None and point.when == "before":
            self._holding = True
            await self._gate.strike(self.who, point, self)
            if self.over:
                return
            self._let_go()
        if point is None or point.when == "before":
            self._pass_on(unit)
            return
        self._holding = True
        applied = self._expect(unit)
        self._pass_on(unit)
        if self._wanted is not None and self._wanted[1] == "Exchange.DeclareOk":
            self._broker.write(probe(unit.channel))
        done, _ = await asyncio.wait([applied], timeout=PATIENCE)
        if not done:  # a crash *after* it would be none
            raise RuntimeError(f"the broker has not applied {unit.name} after {PATIENCE:.0f} s")
        self._wanted = None
        await self._gate.strike(self.who, point, self)
        if not self.over:
            self._let_go()

    def _pass_on(self, unit: Unit) -> None:
        self._note_sent(unit)
        self._broker.write(unit.raw)

    def _let_go(self) -> None:
        """Pass back what came meanwhile."""
        self._holding = False
        for raw in self._held:
            self._client.write(raw)
        self._held.clear()

    def _op(self, unit: Unit) -> Op | None:
        match unit.name:
            case "Basic.Publish":
                return Op("basic_publish", about(unit.body))
            case "Basic.Ack" | "Basic.Nack" | "Basic.Reject":
                name = unit.name.replace("Basic.", "basic_").lower()
                holder = self._holder(unit.channel, unit.method.delivery_tag)
                return Op(name, about(self._book.body_of(holder)))
            case "Basic.Consume":
                return Op("basic_consume", str(unit.method.queue))
        return None

    def _expect(self, unit: Unit) -> "asyncio.Future[None]":
        """Wait for what says that this unit is applied."""
        answer = ANSWERS.get(unit.name, "Exchange.DeclareOk")
        if unit.name == "Basic.Publish" and unit.channel in self._sent_on:
            answer = "Basic.Ack"
        future = asyncio.get_running_loop().create_future()
        self._wanted = unit.channel, answer, future
        return future

    def _note_sent(self, unit: Unit) -> None:
        method, channel, book = unit.method, unit.channel, self._book
        match unit.name:
            case "Basic.Publish":
                if channel in self._sent_on:
                    self._sent_on[channel] += 1
                book.published(
                    self.who, method.exchange or "", method.routing_key, unit.body, unit.headers
                )
            case "Basic.Ack" | "Basic.Nack" | "Basic.Reject":
                book.settled(
                    self._holder(channel, method.delivery_tag),
                    bool(getattr(method, "multiple", False)),
                    SETTLING[unit.name],
                    bool(getattr(method, "requeue", False)),
                )
            case "Basic.Recover":
                book.recovered(self._holder(channel, 0))
            case "Basic.Consume":
                tag = method.consumer_tag or ""
                self._consumers[channel, tag] = method.queue, bool(method.no_ack)
            case "Basic.Get":
                self._gets[channel] = method.queue, bool(method.no_ack)
                self._gate.ready(self.who)
            case "Confirm.Select":
                self._sent_on.setdefault(channel, 0)
                self._confirmed.setdefault(channel, 0)
            case "Queue.Declare":
                self._declared[channel] = method
            case "Exchange.Declare":
                if not method.passive:
                    book.exchanges[method.exchange] = method.exchange_type
            case "Queue.Bind":
                book.bindings.append((method.exchange, method.routing_key, method.queue))
            case "Channel.Close":
                self._channel_gone(channel)

    # --- from the broker -------------------------------------------------------------------

    async def _from_broker(self, unit: Unit) -> None:
        swallow = self._is_wanted(unit)
        self._note_received(unit)
        if swallow:
            return
        if unit.name in ("Basic.Deliver", "Basic.GetOk"):
            point = self._gate.comes(self.who, Op(DELIVERY, about(unit.body)))
            if point is not None:
                self._gate.arrest(self.who)
                self._holding = True
                await self._gate.strike(self.who, point, self)
                if self.over:
                    return
                self._let_go()
        if self._holding:
            self._held.append(unit.raw)
        else:
            self._client.write(unit.raw)

    def _is_wanted(self, unit: Unit) -> bool:
        """Whether this is what says that a request was applied; only a probe's answer is not for
        the client."""
        if unit.name in ("Basic.Ack", "Basic.Nack"):
            count = self._confirmed.get(unit.channel, 0)
            self._confirmed[unit.channel] = max(count, unit.method.delivery_tag)
        if self._wanted is None:
            return False
        channel, name, future = self._wanted
        if unit.channel != channel or future.done():
            return False
        refused = unit.name in ("Channel.Close", "Connection.Close")
        if name == "Basic.Ack":
            if refused or self._confirmed.get(channel, 0) >= self._sent_on[channel]:
                future.set_result(None)
            return False
        if unit.name == name or refused:
            future.set_result(None)
        return unit.name == name == "Exchange.DeclareOk"

    def _note_received(self, unit: Unit) -> None:
        method, channel, book = unit.method, unit.channel, self._book
        match unit.name:
            case "Basic.Deliver":
                queue, auto = self._consumers.get(
                    (channel, method.consumer_tag), (method.routing_key, False)
                )
                self._delivered(unit, queue, auto)
            case "Basic.GetOk":
                self._delivered(unit, *self._gets[channel])
            case "Basic.ConsumeOk":
                self._gate.ready(self.who)
                if (unnamed := self._consumers.pop((channel, ""), None)) is not None:
                    self._consumers[channel, method.consumer_tag] = unnamed
            case "Basic.Return":
                book.returned(self.who, unit.body, method.reply_text)
            case "Queue.DeclareOk":
                asked = self._declared.pop(channel, None)
                if asked is not None:
                    book.declared(method.queue, asked.arguments)
            case "Channel.Close":
                self._channel_gone(channel)

    def _delivered(self, unit: Unit, queue: str, auto_ack: bool) -> None:
        self._book.delivered(
            self._holder(unit.channel, unit.method.delivery_tag),
            queue,
            unit.body,
            unit.headers,
            bool(unit.method.redelivered),
            auto_ack,
        )
        self._gate.moved()

    def _channel_gone(self, channel: int) -> None:
        self._book.lost(self.who, self._number, channel)
        self._sent_on.pop(channel, None)
        self._confirmed.pop(channel, None)

    def _holder(self, channel: int, tag: int) -> Held:
        return self.who, self._number, channel, tag
