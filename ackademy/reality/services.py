"""The ledgers (payments, mail, database, stock, shipping) for a process outside the simulator.

They live in the parent, so what was charged survives the process. Each incarnation has a socket of
its own to them: a JSON object a line, first the job for it, then calls and their answers, and last
how it ended. The ledgers and the texts of their failures are the simulator's own.
"""

import asyncio
import contextlib
import json
from typing import Any

from ackademy.reality.clock import RealClock
from ackademy.reality.gate import Gate
from ackademy.reality.points import Point, ledger_op
from minibroker.agents.ledgers import DatabaseAgent, PaymentsAgent
from minibroker.agents.mail import MailAgent
from minibroker.agents.services import agents as service_agents
from minibroker.agents.services import ledgers as service_ledgers
from minibroker.ledgers.database import DatabaseLedger
from minibroker.ledgers.mail import MailLedger
from minibroker.ledgers.payments import PaymentLedger
from minibroker.sim.agent import Agent, Wait
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.trace import Trace

MOST_LINE = 2**20

FAR = 0.1
"""Seconds that a call is on its way: a payment gateway is further off than the broker, so what a
client has sent in the background, such as an asynchronous commit, is there first."""


class Services:
    """All ledgers of one run."""

    def __init__(self, clock: RealClock, trace: Trace) -> None:
        self.payments = PaymentLedger(clock, trace)
        self.database = DatabaseLedger(clock, trace)
        self.others = service_ledgers(clock, trace)
        self._clock = clock
        self._agents: dict[str, Agent] = {
            "payments": PaymentsAgent(self.payments),
            "database": DatabaseAgent(self.database),
            "mail": MailAgent(MailLedger(clock, trace)),
            **service_agents(self.others),
        }

    async def serve(
        self,
        caller: Caller,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: Gate,
    ) -> dict[str, Any] | None:
        """Answer one incarnation until it says how it ended (a dict as `learner` sends it), or is
        gone: None."""
        with contextlib.suppress(ConnectionError):  # it was killed
            return await self._serve(caller, reader, writer, gate)
        return None

    async def _serve(
        self,
        caller: Caller,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: Gate,
    ) -> dict[str, Any] | None:
        while line := await reader.readline():
            asked: dict[str, Any] = json.loads(line)
            if "ended" in asked:
                ended: dict[str, Any] = asked["ended"]
                return ended
            reply = await self._call(caller, asked["client"], asked["op"], asked["args"], gate)
            if reply is None:
                return None
            writer.write(json.dumps(_said(reply)).encode() + b"\n")
        return None

    async def _call(
        self, caller: Caller, client: str, op: str, args: dict[str, Any], gate: Gate
    ) -> Reply | None:
        """One call, with the fault that comes at it; None when the caller is gone."""
        await asyncio.sleep(FAR)
        if not await gate.passage(caller.label):
            return None
        point = gate.comes(caller.label, ledger_op(op, args))
        if point is None:
            return await self._happens(caller, client, op, args)
        gate.arrest(caller.label)
        if point.when == "before" and point.kind in ("crash", "pause"):
            await gate.strike(caller.label, point, None)
            return None if point.kind == "crash" else await self._happens(caller, client, op, args)
        return await self._broken(caller, client, op, args, point, gate)

    async def _broken(
        self,
        caller: Caller,
        client: str,
        op: str,
        args: dict[str, Any],
        point: Point,
        gate: Gate,
    ) -> Reply | None:
        happened = point.when == "after"
        reply = await self._happens(caller, client, op, args) if happened else None
        await gate.strike(caller.label, point, None)
        if point.kind == "crash":
            return None
        if point.kind in ("definite", "indefinite"):
            self._clock.tick()
            error = self._agents[client].broken(caller, op, args, happened)
            assert not isinstance(error, Wait)
            return error
        return reply

    async def _happens(self, caller: Caller, client: str, op: str, args: dict[str, Any]) -> Reply:
        self._clock.tick()
        agent = self._agents.get(client)
        if agent is None:
            return Refusal("NotInSubset", f"there is no {client} outside the simulator")
        reply = agent.request(caller, op, args)
        while isinstance(reply, Wait):
            if (ready := reply.ready()) is not None:
                return ready
            if reply.deadline is not None and self._clock.tick() >= reply.deadline:
                return reply.otherwise
            await asyncio.sleep(0.01)
        return reply


def _said(reply: Reply) -> dict[str, Any]:
    if isinstance(reply, Answer):
        return {"value": reply.value}
    assert isinstance(reply, Refusal)
    return {"error": reply.error, "message": reply.message, "data": reply.data}
