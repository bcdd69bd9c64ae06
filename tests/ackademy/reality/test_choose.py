"""Which schedules are tried for real."""

import pytest

from ackademy.reality.choose import SPREAD, TRIES, Choice, choose
from ackademy.reality.commands import EXERCISES
from graders.content import chaffs, wheats
from graders.explore import explore, launcher, run
from graders.spec import load, names
from minibroker.sim.inline import Inline


def choice(exercise: str, name: str) -> Choice:
    sources = {each.name: each.source for each in (*wheats(exercise), *chaffs(exercise))}
    spec, code = load(exercise), Inline(sources[name])
    launch = launcher(spec, code, 0)
    return choose(explore(spec, code), lambda plan: run(spec, launch, plan, 0))


@pytest.fixture(scope="module")
def early() -> Choice:
    return choice("dead_letter_queue", "acks_before_it_moves")


def test_the_surest_schedule_comes_first(early: Choice) -> None:
    schedules = early.failing["lost_message"]
    assert [each.plan[0].kind for each in schedules] == ["crash"] * TRIES
    assert schedules[0].found == ("lost_message",)


def test_no_place_is_tried_twice(early: Choice) -> None:
    points = [each.points for each in (*early.failing["lost_message"], *early.passing)]
    assert len(set(points)) == len(points)


def test_the_run_without_faults_goes_along_and_a_spread_of_what_passed(early: Choice) -> None:
    assert early.passing[0].plan == ()
    assert len(early.passing) == 1 + SPREAD
    assert not any(each.found for each in early.passing)


def test_a_run_is_given_the_time_that_it_takes_in_the_simulator() -> None:
    passing = choice("exactly_once", "lets_it_crash").passing
    session = 45_000_000
    assert passing[0].rest < session
    assert max(each.rest for each in passing[1:]) > session


def test_what_is_wrong_without_faults_needs_none() -> None:
    found = choice("dead_letter_queue", "requeues_for_ever").failing
    assert {each[0].plan for each in found.values()} == {()}


def test_what_cannot_be_placed_says_why() -> None:
    found = choice("exactly_once", "swallows_the_error")
    assert not found.failing
    assert "again by itself" in found.unplaced["stuck"]


def test_what_cannot_be_placed_has_the_reason_in_its_header() -> None:
    silent = [
        each.name
        for exercise in EXERCISES
        for each in chaffs(exercise)
        if not each.reality and not choice(exercise, each.name).failing
    ]
    assert silent == []


def test_only_exercises_that_can_be_crashed_for_real_have_such_reasons() -> None:
    said = {exercise for exercise in names() if any(each.reality for each in chaffs(exercise))}
    assert said <= set(EXERCISES)
