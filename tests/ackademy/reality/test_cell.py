"""`for_real`: one schedule of a cell, first simulated, then done to real processes."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager

import pytest

from ackademy.cells import CannotDo
from ackademy.reality import cell
from ackademy.reality.cell import Reality, _provider, real
from ackademy.reality.choose import Schedule
from ackademy.reality.compare import Compared
from ackademy.reality.perform import Shown
from ackademy.reality.points import Op, Point
from ackademy.reality.session import Place
from ackademy.reality.sides import Where
from graders.check import one_run
from graders.content import chaffs, wheats
from graders.judges import Finding
from graders.spec import load
from minibroker.sim.faults import parsed
from minibroker.sim.trace import Trace

NAME = "start_here"
TWICE = next(each.source for each in chaffs(NAME) if each.name == "no_key")
"""Charges without a key: a crash after effect 5, the charge, charges twice."""

KILLED = Point("worker", Op("charge", "order-1"), 1, "after", "crash")
AGAIN = Finding("duplicate_effect", "the charge for order-1 was made twice", (1,))


def for_real(source: str, plan: str, spec: str = NAME) -> Reality:
    free, _ = one_run(load(spec), source, ())
    run, found = one_run(load(spec), source, parsed(plan))
    return real(load(spec), source, free, run, [each.anomaly for each in found], "mini")


def said(simulated: tuple[str, ...], found: tuple[Finding, ...], *points: Point) -> list[str]:
    schedule = Schedule(parsed("none"), points, simulated, 0)
    looked_for = ("lost_message", "duplicate_effect")
    compared = Compared(schedule, "agrees", found, "", looked_for)
    return repr(Reality("RabbitMQ 4", points, compared, Shown(Trace(), ()))).splitlines()


@pytest.mark.slow
def test_a_worker_without_a_key_that_is_killed_charges_twice_for_real():
    shown = for_real(TWICE, "crash:5")
    assert repr(shown).splitlines() == [
        "On the bundled broker, over the wire: the process is killed after charge of order-1.",
        "✗ duplicate effect, as in the simulator",
    ]
    assert "the charge for order-1 was made twice" in shown.sentences[0]


@pytest.mark.slow
def test_with_a_key_the_same_kill_breaks_no_promise():
    shown = for_real(wheats(NAME)[0].source, "crash:5")
    assert repr(shown).endswith("✓ every promise was kept, as in the simulator")


def test_a_fault_that_no_proxy_can_do_is_refused_in_a_sentence():
    with pytest.raises(CannotDo, match="this cannot be done to a real process: "):
        for_real(TWICE, "crash:1")


@pytest.mark.slow
def test_a_scenario_with_a_part_of_the_simulators_own_is_refused_in_a_sentence():
    with pytest.raises(CannotDo, match="only the simulator's can; take simulate"):
        for_real(wheats("no_reply")[0].source, "none", "no_reply")


def test_it_says_what_was_done_and_what_both_found():
    assert said(("duplicate_effect",), (AGAIN,), KILLED) == [
        "On RabbitMQ 4: the process is killed after charge of order-1.",
        "✗ duplicate effect, as in the simulator",
    ]
    assert said((), ())[0] == "On RabbitMQ 4: nothing fails."


def test_a_fault_that_never_came_is_not_taken_for_a_kept_promise():
    schedule = Schedule(parsed("crash:5"), (KILLED,), ("duplicate_effect",), 0)
    compared = Compared(schedule, "not shown", (), "the process never came to it", ())
    shown = Reality("RabbitMQ 4", (KILLED,), compared, Shown(Trace(), (KILLED,)))
    assert repr(shown).splitlines()[1] == "It could not be shown: the process never came to it."


def test_it_says_where_the_two_differ():
    assert said(("lost_message",), (AGAIN,))[1] == (
        "The simulator found lost message, and here it was duplicate effect. Where two race, that "
        "may be chance: run it again."
    )
    assert "here it was nothing" in said(("lost_message",), ())[1]


def test_what_no_check_of_the_run_looks_for_is_no_difference():
    assert said(("stuck",), ())[1] == "✓ every promise was kept, as in the simulator"


def test_a_message_without_a_name_is_quoted():
    torn = Point("worker", Op("basic_ack", '{"id'), 2, "after", "crash")
    assert """after basic_ack number 2 of '{"id'.""" in said((), (), torn)[0]


def test_it_runs_where_the_environment_says_a_broker_is():
    spec = load(NAME)
    assert _provider(spec, "auto", {"ACKADEMY_AMQP": "amqp://127.0.0.1"}) == "external"
    assert _provider(spec, "auto", {"ACKADEMY_BROKERS": "native"}) == "native"
    assert _provider(spec, "docker", {"ACKADEMY_BROKERS": "native"}) == "docker"
    assert _provider(spec, "mini", {}) == "mini-wire"


def test_ctrl_c_ends_the_run_and_waits_until_nothing_of_it_is_left(monkeypatch):
    left = []

    async def perform(plan, addresses):
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(600)
        finally:
            left.append("tidied up")

    @asynccontextmanager
    async def nowhere():
        yield Where()

    monkeypatch.setattr(cell, "perform", perform)
    here = Place("nowhere", asyncio.Semaphore(1), False, nowhere)
    with pytest.raises(KeyboardInterrupt):
        cell._in_a_thread(load(NAME), TWICE, Schedule((), (), (), 0), here)
    assert left == ["tidied up"]


def test_a_run_that_breaks_is_told_in_a_sentence(monkeypatch):
    async def perform(plan, addresses):
        raise OSError("the broker is gone")

    @asynccontextmanager
    async def nowhere():
        yield Where()

    monkeypatch.setattr(cell, "perform", perform)
    here = Place("nowhere", asyncio.Semaphore(1), False, nowhere)
    with pytest.raises(CannotDo, match=r"\(OSError: the broker is gone\); run the cell again"):
        cell._in_a_thread(load(NAME), TWICE, Schedule((), (), (), 0), here)
