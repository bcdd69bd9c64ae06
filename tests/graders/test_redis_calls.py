"""A Redis client's calls in words, the faults tried at them, and what is said of its runs."""

import pytest

from graders import redis_calls
from graders.check import one_run
from graders.judges import judge
from graders.plans import worth_trying
from graders.scene import Scene
from graders.spec import load
from graders.stage import Run
from graders.timeline import build
from graders.timeline_text import text
from minibroker.sim.faults import parsed
from minibroker.sim.trace import Requested

LISTENS = """
import json


def worker(r, payments, database):
    listener = r.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("orders")
    for message in listener.listen():
        order = json.loads(message["data"])
        payments.charge(order["id"], order["cents"])
"""

POPS = """
import json


def worker(r, payments):
    while (popped := r.blpop(["orders"], timeout=10)) is not None:
        order = json.loads(popped[1])
        payments.charge(order["id"], order["cents"])
"""

TRIMS = """
def worker(r, payments, name):
    while True:
        reply = r.xreadgroup("billing", name, {"orders": ">"}, count=1, block=10_000)
        for _, entries in reply:
            for entry, order in entries:
                payments.charge(order["id"], int(order["cents"]))
                r.xack("orders", "billing", entry)
                r.xtrim("orders", maxlen=0, approximate=False)
"""


def played(name: str, source: str, plan: str = "none") -> Run:
    run, _ = one_run(load(name), source, parsed(plan), 0)
    return run


def asked(op: str, *args: object, **options: object) -> Requested:
    return Requested(
        at=0, who="worker#1", number=1, client="redis", op=op,
        args={"args": [*args], "options": options},  # type: ignore[dict-item, list-item]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (asked("xack", "orders", "billing", "1-0"), "xack(orders)"),
        (asked("xreadgroup", "billing", "w", {"orders": ">"}), "xreadgroup(orders)"),
        (asked("xread", streams={"a": "0", "b": "0"}), "xread(a, b)"),
        (asked("blpop", ["a", "b"], 3), "blpop(a, b)"),
        (asked("get", b"k\xff"), "get(k\ufffd)"),
        (asked("ping"), "ping()"),
    ],
)
def test_a_call_is_named_with_what_it_is_about(request_: Requested, said: str) -> None:
    assert redis_calls.called(request_) == said


def test_what_a_lost_answer_takes_along_is_tried() -> None:
    run = played("listed_orders", POPS)
    plan = worth_trying(run.trace, ("crash", "indefinite", "duplicate"))
    assert {fault.kind for fault in plan if fault.at == 1} == {"crash", "indefinite", "duplicate"}


def test_a_pop_whose_answer_is_lost_has_lost_the_order() -> None:
    run = played("listed_orders", POPS, "indefinite:1")
    [found] = judge("lost_message").find(run.trace)
    assert found.sentence.startswith("order-1 was lost: its message counted as settled")


def test_what_nobody_heard_is_lost_and_said_to_be() -> None:
    run = played("announced_orders", LISTENS, "crash:4")
    [found] = judge("lost_message").find(run.trace)
    assert "order-2 was lost: nobody was subscribed" in found.sentence
    told = text(build(run, [found]))
    assert "publish order-2, heard by nobody" in told
    assert "subscribe(orders)" in told


def test_what_was_trimmed_is_lost_and_its_row_says_so() -> None:
    run = played("streamed_orders", TRIMS, "crash:1")
    [found] = judge("lost_message").find(run.trace)
    assert "order-1 was lost: worker-2#1 trimmed its stream" in found.sentence
    assert "trim order-1, which nobody was done with" in text(build(run, [found]))


def test_a_delivery_to_a_blocked_reader_is_that_readers_effect() -> None:
    run = played("streamed_orders", TRIMS)
    rows = [row for row in build(run).rows if row.kind == "deliver"]
    assert [row.number for row in rows] == [1, 2]


def test_an_entry_that_is_left_pending_is_shown_with_who_has_it() -> None:
    run = played("streamed_orders", TRIMS.replace("r.xtrim", "r.xlen; r.xtrim"), "crash:1")
    scene = Scene(run.trace)
    for event in run.trace.events:
        scene.tell(event)
        if type(event).__name__ == "Crashed":
            break
    [queue] = [each for each in scene.shown["queues"] if each["name"] == "orders for billing"]
    assert queue["unacked"] == ["order-1, held by worker-1#1"]
