"""A stage with a cluster: what a scenario may do to topics and tables, and what of it is owed."""

import json
import subprocess
import sys

from graders.stage import Cast, Owes, Run, Scenario, Stage, perform, record_in, row_in
from minibroker.sim.effect import Caller, Process
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline
from minibroker.sim.trace import Appended, Committed, InOrder, Owed, Polled

CLIENTS = {"bootstrap_servers": "kafka", "database": "database"}

READS = """
from confluent_kafka import Consumer

def worker(bootstrap_servers, database):
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "billing",
                         "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is not None:
            print(message.partition(), message.key(), message.value(), message.headers())
"""


def staged(scenario: Scenario, source: str = READS) -> Run:
    code = Inline(source)

    def launch(caller: Caller) -> Process:
        return code.process(Job("worker", caller.process, caller.incarnation, 0, CLIENTS))

    return perform(scenario, [Cast("worker", 5)], launch, (), 0, 200)


def said(run: Run) -> str:
    return "".join(part.text for part in run.printed)


def test_a_record_comes_to_who_reads_its_topic() -> None:
    def scenario(stage: Stage) -> None:
        stage.topic("orders", partitions=2)
        stage.produce(5, "orders", b"\xff", key="ada", partition=1, headers={"n": b"1"})
        stage.produce(6, "orders", {"id": "ä"}, key=b"k")

    run = staged(scenario)
    assert [(e.at, e.who, e.partition, e.offset, e.key) for e in run.trace.of(Appended)] == [
        (5_000_000, "scenario", 1, 0, b"ada"),
        (6_000_000, "scenario", 0, 0, b"k"),
    ]
    assert json.loads(run.trace.of(Appended)[1].value or b"") == {"id": "ä"}
    assert said(run).splitlines()[0] == "1 b'ada' b'\\xff' [('n', b'1')]"
    numbers = [event.message for event in run.trace.of(Appended)]
    assert [event.message for event in run.trace.of(Polled)] == numbers


def test_what_a_record_obliges_to_comes_right_after_it_and_bears_its_number() -> None:
    def scenario(stage: Stage) -> None:
        stage.topic("orders")
        stage.produce(
            1,
            "orders",
            {"id": "order-1"},
            [Owes("charge", "order-1", {"cents": 42}), Owes(record_in("invoices"), "order-1")],
        )
        stage.produce(2, "orders", {"id": "order-2"}, Owes("email", "order-2"))

    trace = staged(scenario).trace
    events = [event for event in trace if isinstance(event, Appended | Owed)]
    assert [type(event).__name__ for event in events] == [
        *("Appended", "Owed", "Owed", "Appended", "Owed")
    ]
    assert [event.message for event in events] == [1, 1, 1, 2, 2]
    assert [(owed.kind, owed.detail) for owed in trace.of(Owed)] == [
        ("charge", {"cents": 42}),
        ("record in invoices", {}),
        ("email", {}),
    ]


def test_a_row_may_oblige_to_something_and_is_there_to_be_read() -> None:
    def scenario(stage: Stage) -> None:
        stage.topic("orders")
        stage.row(1, "placed", "000001", {"id": "order-1"}, Owes(row_in("slips"), "order-1"))

    reads = """
import time

def worker(bootstrap_servers, database):
    time.sleep(2)
    print(database.get("placed", "000001"))
"""
    run = staged(scenario, reads)
    assert said(run) == "{'id': 'order-1'}\n"
    [written], [owed] = run.trace.of(Committed), run.trace.of(Owed)
    assert written.who == "scenario"
    assert written.writes == [["put", "placed", "000001", {"id": "order-1"}]]
    assert (owed.at, owed.kind, owed.subject) == (1_000_000, "row in slips", "order-1")


def test_an_order_that_is_promised_stands_first() -> None:
    run = staged(lambda stage: stage.in_order("charge", ["b", "a"]), "def worker(a, b): pass")
    assert run.trace.events[0] == InOrder(at=0, kind="charge", subjects=["b", "a"])


ALONE = """
import sys
from graders.spec import load
from graders.explore import explore
from graders.verdict import verdicts
from minibroker.sim.inline import Inline

source = open("graders/specs/at_least_once_worker/wheats/batches.py").read()
spec = load("at_least_once_worker")
assert verdicts(spec, explore(spec, Inline(source)), "0" * 8)[0].points
print([name for name in sys.modules if "kafka" in name or name.startswith("minibroker.log")])
"""


def test_an_exercise_without_kafka_does_not_pay_for_it() -> None:
    """The names and words of its calls are all that is loaded."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "['graders.kafka_calls']\n"
