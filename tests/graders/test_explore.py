"""Exploring: what is tried, what need not be, and what is said of it."""

from dataclasses import replace

import pytest

from graders.content import chaffs, wheats
from graders.explore import explore, launcher, run, single_crashes
from graders.judges import judge
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
    some = single_crashes(fault_free.trace)
    assert len(some) < len(every)
    assert anomalies(SOURCES[name], [(), *some]) == anomalies(SOURCES[name], [(), *every])


def test_coverage_says_all_only_when_all_were_tried():
    source = SOURCES["key_from_the_body"]
    whole = explore(SPEC, Inline(source))
    assert whole.coverage == f"the run without faults and all {whole.possible} single crashes"
    few = explore(replace(SPEC, budget=Budget(schedules=3)), Inline(source))
    assert few.coverage == f"the run without faults and 3 of {whole.possible} single crashes"
    short = explore(replace(SPEC, budget=Budget(together=60)), Inline(source))
    assert 0 < short.tried < short.possible == whole.possible


def test_source_that_differs_from_run_to_run_is_not_explored():
    source = (
        "def worker(channel, payments, database):\n"
        "    database.put('seen', str(id(object())) + str(__import__('gc').get_count()))\n"
        "    channel.basic_get('orders')\n"
    )
    assert not explore(SPEC, Inline(source)).deterministic
