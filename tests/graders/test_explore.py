"""Exploring: what is tried, what need not be, and what is said of it."""

from dataclasses import replace

import pytest

from graders.content import chaffs, wheats
from graders.explore import explore, launcher, run
from graders.judges import judge
from graders.plans import worth_trying
from graders.spec import Budget, load
from minibroker.sim.faults import crash
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
