"""Whatever a process sends, the Redis agent answers: a reply, never an exception."""

import random
from typing import Any

import pytest

from minibroker.agents.redis import RedisAgent
from minibroker.clients.redis import COMMANDS
from minibroker.sim.agent import Wait
from minibroker.sim.clock import Clock
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.trace import Trace
from minibroker.sim.values import crossing

WORKER = Caller("worker", 1)
NONSENSE: list[Any] = [
    None, True, -1, 0, 1.5, 2**62, "", "s", "l", "x" * 300, b"\xff", [], [[1]], {}, {"a": None},
    ">", {"s": ">"}, {"s": "0"}, {"l": "$"}, "1-0", "*", {"$pairs": 3}, {"$tuple": None},
    {"$seconds": "a"}, {"$set": [1]},
]  # fmt: skip
OPS = [*sorted(COMMANDS), "watch", "unwatch", "pipeline", "subscribe", "psubscribe", "unsubscribe",
       "get_message", "pubsub_close", "nothing"]  # fmt: skip


def agent() -> RedisAgent:
    found = RedisAgent(Clock(), Trace(), lambda when, action: None)
    found.run("XADD", "s", "1-0", "a", "b")
    found.run("XGROUP", "CREATE", "s", "g", "0")
    found.run("RPUSH", "l", "a")
    return found


def answered(there: RedisAgent, op: str, args: dict[str, Any]) -> None:
    reply = there.request(WORKER, op, args)
    if isinstance(reply, Wait):
        reply.ready()
        reply = reply.otherwise
    assert isinstance(reply, Answer | Refusal), (op, args)
    if isinstance(reply, Answer):
        crossing(reply.value)
        there.again(WORKER, op, args, reply)
    there.broken(WORKER, op, args, happened=True)


@pytest.mark.parametrize("op", OPS)
def test_nonsense_is_answered(op: str) -> None:
    chance, there = random.Random(op), agent()
    for many in (0, 1, 2, 3, 4, 5) * 12:
        given = [chance.choice(NONSENSE) for _ in range(many)]
        answered(there, op, {"args": given, "options": {}})
        answered(there, op, {"args": given, "options": {"text": True, "block": 3}, "text": True})
        answered(there, op, {"connection": chance.choice(NONSENSE), "names": given, "timeout": 1})
        answered(there, op, {"commands": given, "transaction": True})
        answered(there, op, {"commands": [[chance.choice(OPS), given, {}]], "transaction": True})
    there.lost(WORKER)
    assert there.run("PING") == b"PONG"
