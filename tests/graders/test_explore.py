"""Exploring: what is tried, what need not be, and what is said of it."""

from dataclasses import replace

import pytest

from graders.content import chaffs, wheats
from graders.explore import OutOfTime, cast_of, explore, launcher, run
from graders.judges import judge
from graders.plans import worth_trying
from graders.spec import Budget, Role, load
from minibroker.sim.effect import Process
from minibroker.sim.faults import crash
from minibroker.sim.incarnation import Job
from minibroker.sim.inline import Inline

SPEC = load("at_least_once_worker")
SOURCES = {
    each.name: each.source
    for each in (*wheats(SPEC.name), *chaffs(SPEC.name))
    if each.name != "requeues_after_the_work"  # hundreds of effects, all alike
}


def anomalies(source, plans):
    launch = launcher(SPEC, Inline(source), 0)
    traces = [run(SPEC, launch, plan, 0).trace for plan in plans]
    names = {name for check in SPEC.checks for name in check.anomalies}
    return {name for name in names for trace in traces if judge(name).find(trace)}


@pytest.mark.parametrize("name", SOURCES)
def test_crashes_after_what_changed_nothing_would_show_nothing_more(name):
    fault_free = run(SPEC, launcher(SPEC, Inline(SOURCES[name]), 0), (), 0)
    every = [(crash(number),) for number in range(1, fault_free.effects + 1)]
    some = [(fault,) for fault in worth_trying(fault_free.trace, ("crash",))]
    assert len(some) < len(every)
    assert anomalies(SOURCES[name], [(), *some]) == anomalies(SOURCES[name], [(), *every])


def test_instances_of_a_role_may_start_one_after_the_other():
    role = Role("worker", {}, count=3, starts=1.0, stagger=20.0)
    cast = cast_of(replace(SPEC, roles=(Role("other", {}, starts=5.0, stagger=9.0), role)))
    assert [(each.process, each.starts) for each in cast] == [
        ("other", 5.0), ("worker-1", 1.0), ("worker-2", 21.0), ("worker-3", 41.0),
    ]  # fmt: skip


def test_coverage_says_all_only_when_all_were_tried():
    source = SOURCES["key_from_the_body"]
    whole = explore(SPEC, Inline(source))
    many = len(whole.single_faults)
    assert whole.coverage == f"the run without faults and all {many} single crashes"
    few = explore(replace(SPEC, budget=Budget(schedules=3)), Inline(source))
    assert few.coverage == f"the run without faults, 3 of {many} single crashes, seed 0"
    short = explore(replace(SPEC, budget=Budget(together=60)), Inline(source))
    assert 0 < short.singles < len(short.single_faults) == many


def test_source_that_differs_from_run_to_run_is_not_explored():
    source = (
        "def worker(channel, payments, database):\n"
        "    database.put('seen', str(id(object())) + str(__import__('gc').get_count()))\n"
        "    channel.basic_get('orders')\n"
    )
    assert not explore(SPEC, Inline(source)).deterministic


class Timed:
    """A transport whose time is up after so many processes."""

    def __init__(self, source: str, processes: int) -> None:
        self._inline = Inline(source)
        self.left = processes

    def process(self, job: Job) -> Process:
        if self.left <= 0:
            raise OutOfTime
        self.left -= 1
        return self._inline.process(job)


FAULT_FREE = 2
"""The run without faults is made twice; a crash after that costs one process more."""


def timed(processes: int, **budget: int):
    spec = replace(SPEC, budget=Budget(**budget))
    return explore(spec, Timed(SOURCES["key_from_the_body"], processes))


def test_what_was_run_when_time_was_up_is_kept_and_said():
    late = timed(FAULT_FREE + 3)
    many = len(late.single_faults)
    assert (late.in_time, late.singles, late.deterministic) == (False, 3, True)
    assert late.coverage == f"the run without faults, 3 of {many} single crashes, seed 0"
    assert timed(FAULT_FREE + many).in_time


def test_no_pair_is_tried_when_time_was_up_before():
    many = len(timed(100).single_faults)
    late = timed(FAULT_FREE + many - 1, pairs=10)
    assert (late.in_time, late.singles, late.pairs) == (False, many - 1, 0)
    late = timed(FAULT_FREE + many, pairs=10)
    assert (late.in_time, late.singles, late.pairs) == (False, many, 0)


def test_a_budget_of_effects_that_is_spent_is_no_matter_of_time():
    short = timed(100, together=60)
    assert short.in_time
    assert short.singles < len(short.single_faults)


@pytest.mark.parametrize("processes", range(FAULT_FREE))
def test_a_run_without_faults_that_takes_too_long_raises(processes):
    with pytest.raises(OutOfTime):
        timed(processes)
