"""Whatever a process sends for a producer or an admin client, the broker's side answers: a reply,
never an exception."""

import itertools
from typing import Any

import pytest

from minibroker.agents.kafka import ADMIN, PRODUCER, KafkaAgent
from minibroker.clients import kafka_config as config
from minibroker.log.cluster import Cluster
from minibroker.sim.agent import Wait
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.trace import Trace
from minibroker.sim.values import encoded
from tests.minibroker.queues.due import Due

WORKER = Caller("worker", 1)
NONSENSE: list[Any] = [
    None, True, -1, 0, 1.5, float("nan"), 2**62, "", "x" * 300, b"x", [], [[1]], {}, {"a": None},
    [{}], [1], [["a", 1]], [{"name": 1}], [["t", 0, 1, None]],
]  # fmt: skip

SETTINGS = config.settings(
    "producer", {"bootstrap.servers": config.ADDRESS, "transactional.id": "x"}
)
GOOD: dict[str, Any] = {
    "config": SETTINGS, "producer": 1, "topic": "orders", "partition": 0, "key": b"k",
    "value": b"v", "headers": [], "timestamp": 0, "timeout": 0, "committing": False,
    "in_queue": True, "in_flight": False, "group": "billing", "generation": -1, "member_id": "",
    "instance_id": None, "offsets": [["orders", 0, 1, None]], "create": True,
    "items": [{"name": "x", "partitions": 1, "replication_factor": 1, "config": {}, "total": 2,
               "changes": {}, "topic": "orders", "partition": 0, "offset": 0, "when": -1,
               "group": "billing", "offsets": []}],
}  # fmt: skip


def agent(due: Due | None = None) -> KafkaAgent:
    due = due or Due()
    cluster = Cluster(due.clock, Trace(), due.at)
    cluster.create_topic("orders")
    found = KafkaAgent(cluster, due.clock, due.at)
    for op in ("producer_new", "init_transactions", "begin_transaction"):
        assert isinstance(found.request(WORKER, op, GOOD), Answer)
    return found


@pytest.mark.parametrize("op", sorted(PRODUCER | ADMIN))
def test_nonsense_is_answered(op: str) -> None:
    for name, value in itertools.product(GOOD, NONSENSE):
        due = Due()
        found = agent(due)
        args = GOOD | {name: value}
        for reply in (found.request(WORKER, op, args), found.broken(WORKER, op, args, False)):
            assert reply is None or isinstance(reply, Answer | Refusal | Wait), (op, args)
            if isinstance(reply, Answer):
                encoded(reply.value)
        found.request(WORKER, "flush", GOOD)
        due.passes(1)
    assert isinstance(agent().request(WORKER, op, {}), Answer | Refusal)


@pytest.mark.parametrize("key", sorted(SETTINGS))
def test_a_nonsensical_setting_is_answered(key: str) -> None:
    for value in NONSENSE:
        due = Due()
        found = agent(due)
        reply = found.request(WORKER, "producer_new", {"config": SETTINGS | {key: value}})
        assert isinstance(reply, Answer | Refusal)
        if isinstance(reply, Answer):
            mine = GOOD | {"producer": 2}
            for op in ("init_transactions", "begin_transaction", "produce", "flush"):
                found.request(WORKER, op, mine)
            due.passes(1)
