"""Whatever a process sends, the broker's side answers: a reply, never an exception."""

import itertools
from typing import Any

import pytest

from minibroker.agents.amqp import AmqpAgent
from minibroker.agents.amqp_topology import TOPOLOGY
from minibroker.queues.broker import Broker
from minibroker.sim.agent import Wait
from minibroker.sim.effect import Answer, Caller, Refusal
from minibroker.sim.trace import DeadLettered, Trace
from minibroker.sim.values import encoded
from tests.minibroker.queues.due import Due

WORKER = Caller("worker", 1)
NONSENSE = [None, True, -1, 0, 1.5, float("nan"), 2**62, "", "x" * 300, b"x", [], [[1]], {},
            {"a": None}, {"x-match": 7}, {"x-queue-type": 7}, {"x-priority": []}]  # fmt: skip

GOOD: dict[str, Any] = {
    **dict.fromkeys(("queue", "routing_key", "consumer_tag"), "orders"),
    **dict.fromkeys(("exchange", "source"), "x"),
    "destination": "y",
    "exchange_type": "headers",
    **dict.fromkeys(
        ("durable", "passive", "exclusive", "auto_delete", "internal", "if_unused", "if_empty",
         "auto_ack", "multiple", "requeue", "mandatory", "returns"), False
    ),
    "arguments": None,
    "body": b"",
    "properties": {},
    **dict.fromkeys(("delivery_tag", "prefetch_count", "timeout"), 1),
}  # fmt: skip


class Read(dict[str, Any]):
    """Arguments that remember which of them were looked at."""

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.names: dict[str, None] = {}

    def get(self, key: str, default: Any = None) -> Any:
        self.names[key] = None
        return super().get(key, default)


def agent() -> AmqpAgent:
    due = Due()
    broker = Broker(due.clock, Trace(), due.at)
    broker.declare_queue("orders")
    for name in "xy":
        broker.declare_exchange(name, kind="headers")
    broker.publish("scenario", "", "orders", b"one")
    found = AmqpAgent(broker, due.clock)
    found.request(WORKER, "connect", {})
    found.request(WORKER, "channel_open", {"connection": 1})
    return found


OPERATIONS = sorted({*agent()._ops, *TOPOLOGY})


@pytest.mark.parametrize("op", OPERATIONS)
def test_nonsense_is_answered(op: str) -> None:
    read = Read(GOOD | {"connection": 1, "channel": 1})
    agent().request(WORKER, op, read)
    for name, value in itertools.product(read.names, NONSENSE):
        asked = agent()
        args = GOOD | {"connection": 1, "channel": 1} | {name: value}
        reply = asked.request(WORKER, op, args)
        if isinstance(reply, Wait):
            reply = reply.ready() or reply.otherwise
        assert isinstance(reply, Answer | Refusal)
        args.pop(name)
        assert asked.request(WORKER, op, args) is not None
        asked.broken(WORKER, op, args, happened=True)
        asked.silent(WORKER, 10**12, frozen=True)
        asked.lost(WORKER)


@pytest.mark.parametrize("name", ["headers", "priority", "expiration", "x-death"])
@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: f"{value!r:.20}")
def test_nonsense_in_properties_goes_its_way(name: str, value: Any) -> None:
    due = Due()
    trace = Trace()
    broker = Broker(due.clock, trace, due.at)
    asked = AmqpAgent(broker, due.clock)
    asked.request(WORKER, "connect", {})
    asked.request(WORKER, "channel_open", {"connection": 1})
    channel = {"connection": 1, "channel": 1}
    for queue, more in (("a", {"x-max-priority": 3}), ("b", {"x-queue-type": "quorum"})):
        table = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"} | more
        broker.declare_queue(queue, arguments=table)
        properties = {"headers": {name: value}} if name == "x-death" else {name: value}
        args = {"exchange": "", "routing_key": queue, "body": b"", "properties": properties}
        reply = asked.request(WORKER, "basic_publish", channel | args)
        if isinstance(reply, Refusal):
            assert (name, reply.error) == ("expiration", "ChannelClosedByBroker")
            return
        got = asked.request(WORKER, "basic_get", channel | {"queue": queue, "auto_ack": False})
        assert isinstance(got, Answer)
        tag = got.value["delivery_tag"]  # type: ignore[index, call-overload]
        asked.request(WORKER, "basic_reject", channel | {"delivery_tag": tag, "requeue": False})
    assert len(trace.of(DeadLettered)) == 2
    assert encoded([event.headers for event in trace.of(DeadLettered)])
