"""The real time that all children of one source share: when it is up, that is said and no more.

Budgets are set here as if they had been used up; nothing waits.
"""

import pytest

from graders.check import OUT_OF_TIME, check_source, one_run
from graders.explore import OutOfTime
from graders.sandbox import transport
from graders.sandbox.transport import Children, children
from graders.spec import load
from minibroker.sim.effect import Answer, Effect
from minibroker.sim.incarnation import Job

JOB = Job("worker", "worker", 1, 0, {"payments": "payments"})
ALMOST = 1e-9
"""Seconds: enough for a step to begin, and used up by it."""

SOURCE = """
def worker(payments):
    while True:
        payments.charges("order-1")
"""


@pytest.fixture
def source() -> Children:
    return children(SOURCE)


def test_every_step_of_a_child_costs_its_source_time(source: Children) -> None:
    child = source.process(JOB)
    left = [source._budget.left]
    child.start(0)
    left.append(source._budget.left)
    child.resume(Answer([]))
    left.append(source._budget.left)
    child.kill()
    assert left[0] == transport.SOURCE_SECONDS
    assert left[0] > left[1] > left[2] > left[0] - 60


@pytest.mark.parametrize("left", [0.0, -5.0])
def test_a_child_of_a_source_whose_time_is_up_takes_no_step(source: Children, left: float) -> None:
    source._budget.left = left
    child = source.process(JOB)
    with pytest.raises(OutOfTime):
        child.start(0)
    assert source._budget.left == left
    child.kill()  # once more does no harm


def test_the_step_that_uses_the_time_up_is_still_taken_and_the_next_one_is_not(
    source: Children,
) -> None:
    source._budget.left = ALMOST
    child = source.process(JOB)
    assert isinstance(child.start(0), Effect)
    with pytest.raises(OutOfTime):
        child.resume(Answer([]))


def test_all_children_of_one_source_share_its_time_and_those_of_another_have_their_own(
    source: Children,
) -> None:
    source._budget.left = ALMOST
    one, other = source.process(JOB), source.process(JOB)
    one.start(0)
    with pytest.raises(OutOfTime):
        other.start(0)
    one.kill()
    fresh = children(SOURCE + "# another\n").process(JOB)
    assert isinstance(fresh.start(0), Effect)
    fresh.kill()


@pytest.mark.parametrize("graded", [False, True])
def test_code_that_has_no_time_left_for_faults_is_told_so(
    graded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SOURCE_SECONDS", ALMOST)
    spec = load("start_here")
    found = check_source(spec, f"# {graded}\ndef worker(channel, payments):\n    pass\n", 0, graded)
    assert len(found) == len(spec.checks)
    told = {(each.outcome, each.points, each.sentence) for each in found}
    assert told == {("error", 0, OUT_OF_TIME)}


def test_one_run_says_when_there_is_no_time_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "SOURCE_SECONDS", 0.0)
    with pytest.raises(OutOfTime):
        one_run(load("start_here"), "def worker(channel, payments):\n    pass\n", ())
