"""Whatever a consumer's process sends, the cluster's side answers: a reply, never an exception."""

import itertools
from typing import Any

import pytest

from minibroker.agents.kafka import KafkaAgent
from minibroker.agents.kafka_consumer import ConsumerAgent
from minibroker.clients.kafka_config import ADDRESS, settings
from minibroker.log.cluster import Cluster
from minibroker.log.records import Record, batch
from minibroker.sim.agent import Wait
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.trace import Trace
from tests.minibroker.queues.due import Due

WORKER = Caller("worker", 1)
ONE: list[Any] = ["orders", 0, 0, None]
NONSENSE = [None, True, -1, 0, 1.5, float("nan"), 2**62, "", "x", "^(", b"x", [], [[]], [ONE, ONE],
            [["orders", True, 0]], [["orders", 2**62, 0, None]], [["orders", 0, -5, None]],
            [["orders", 0, 0, 7]], ["orders", ""], ["^("], ["^(a+)+"], {},
            {"group.id": 7}]  # fmt: skip

GOOD: dict[str, Any] = {
    "consumer": 1,
    "config": settings("consumer", {"bootstrap.servers": ADDRESS, "group.id": "g"}),
    "topics": ["orders"],
    "partitions": [ONE],
    "offsets": [ONE],
    "asynchronous": False,
    "timeout": 1,
    "most": 2,
    "finish": False,
    "pauses": True,
    "cached": False,
    "on_assign": True,
    "on_commit": True,
}


class Read(dict[str, Any]):
    """Arguments that remember which of them were looked at."""

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.names: dict[str, None] = {}

    def get(self, key: str, default: Any = None) -> Any:
        self.names[key] = None
        return super().get(key, default)


def agent(*before: str) -> tuple[KafkaAgent, Due]:
    due = Due()
    cluster = Cluster(due.clock, Trace(), due.at)
    cluster.create_topic("orders", 2)
    cluster.produce("scenario", "orders", 0, batch([Record(0, None, b"one", 0)]), 1)
    found = KafkaAgent(cluster, due.clock, due.at)
    found.request(WORKER, "consumer_new", dict(GOOD))
    for op in before:
        found.request(WORKER, op, dict(GOOD))
    return found, due


def operations() -> list[str]:
    due = Due()
    return sorted(ConsumerAgent(Cluster(due.clock, Trace(), due.at), due.clock, due.at).ops)


@pytest.mark.parametrize("before", [(), ("assign",), ("subscribe",)])
@pytest.mark.parametrize("op", operations())
def test_nonsense_is_answered(op: str, before: tuple[str, ...]) -> None:
    read = Read(GOOD)
    agent(*before)[0].request(WORKER, op, read)
    for name, value in itertools.product(read.names, NONSENSE):
        asked, due = agent(*before)
        args = GOOD | {name: value}
        reply = asked.request(WORKER, op, args)
        if isinstance(reply, Wait):
            reply = reply.ready() or reply.otherwise
        assert isinstance(reply, Answer | Refusal)
        asked.broken(WORKER, op, args, happened=True)
        asked.again(WORKER, op, args, reply)
        asked.silent(WORKER, 10**12, frozen=True)
        due.passes(100)
        args.pop(name)
        assert asked.request(WORKER, op, args) is not None
        asked.lost(WORKER)
        due.passes(1000)
