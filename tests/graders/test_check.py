"""From a notebook's cells to verdicts: what runs where, how often, and what is said otherwise."""

from collections.abc import Iterator
from typing import Any

import pytest

from graders import check
from graders.check import check_cells, check_source, inline_is_steady, one_run
from graders.content import chaffs, wheats
from graders.spec import UnknownName, load
from graders.token import fingerprint, token
from minibroker.sim.faults import crash
from minibroker.sim.inline import Inline
from minibroker.sim.ticks import DoesNotParse

NAME = "start_here"
SPEC = load(NAME)
GOOD = wheats(NAME)[0].source
TWICE = next(each.source for each in chaffs(NAME) if each.name == "no_key")
CHECKS = [each.id for each in SPEC.checks]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    check._checked.cache_clear()
    yield
    check._checked.cache_clear()


@pytest.fixture
def explored(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Notes each exploration: on which transports it was made, and for which seed."""
    real, noted = check.explore, []

    def explore(spec: Any, transport: Any, seed: int, first: Any) -> Any:
        noted.append(
            {"first": type(first).__name__, "later": type(transport).__name__, "seed": seed}
        )
        return real(spec, transport, seed, first)

    monkeypatch.setattr(check, "explore", explore)
    return noted


# --- cells -------------------------------------------------------------------------------------


def test_every_check_of_the_exercise_gets_a_verdict_in_its_order():
    found = check_cells(NAME, ["import json", GOOD, "worker"])
    assert [(v.check, v.outcome, v.points) for v in found] == [(id, "pass", 1) for id in CHECKS]
    found = check_cells(NAME, [GOOD, TWICE])
    assert [(v.check, v.outcome, v.points) for v in found] == [
        ("nothing_lost", "pass", 1),
        ("charged_once", "fail", 0),
        ("queue_drained", "pass", 1),
    ]


def test_a_failed_check_has_the_token_of_its_schedule():
    [failed] = [v for v in check_cells(NAME, [TWICE], seed=7) if v.outcome == "fail"]
    word = token(failed.token)
    assert (word.exercise, word.version, word.seed) == (NAME, SPEC.version, 7)
    assert word.source == fingerprint(TWICE)
    assert failed.witness is not None
    assert word.plan == failed.witness.plan


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([], "no cell defines worker; write the function in one cell, run that cell, and run this "
         "check again"),
        (["x = 1"], "no cell defines worker; write the function in one cell, run that cell, and "
         "run this check again"),
        (["def worker(:"], "your cell cannot be run: line 1 does not parse: invalid syntax"),
        (["%time\ndef worker(channel, payments): ..."], "your cell cannot be run: line 1 is a "
         "notebook command (%time); this cell is run by itself, outside the notebook, so it must "
         "be plain Python: move the command to another cell"),
        (["return\ndef worker(channel, payments): ..."], "your cell cannot be run: line 1 does not "
         "parse: 'return' outside function"),
    ],
    ids=["no cells", "no solution", "does not parse", "magic", "does not compile"],
)  # fmt: skip
@pytest.mark.parametrize("graded", [False, True])
def test_code_that_cannot_be_started_is_an_error_of_every_check(cells, sentence, graded):
    found = check_cells(NAME, cells, graded=graded)
    assert [(v.check, v.outcome, v.points, v.sentence) for v in found] == [
        (id, "error", 0, sentence) for id in CHECKS
    ]


def test_an_exercise_that_nobody_knows_raises():
    with pytest.raises(UnknownName, match="did you mean start_here"):
        check_cells("start_hree", [GOOD])


# --- one exploration for all checks ------------------------------------------------------------


def test_the_same_cell_is_explored_once(explored):
    first = check_cells(NAME, [GOOD])
    assert check_cells(NAME, ["import json", GOOD, "x = 1"]) == first
    assert check_source(SPEC, GOOD) == first
    assert len(explored) == 1


def test_what_could_change_a_verdict_is_explored_anew(explored):
    check_source(SPEC, GOOD)
    check_source(SPEC, GOOD + "\nx = 1\n")
    check_source(SPEC, GOOD, seed=1)
    check_source(SPEC, GOOD, graded=True)
    assert [each["seed"] for each in explored] == [0, 0, 1, 0]


def test_a_callers_list_is_its_own():
    check_source(SPEC, GOOD).clear()
    assert len(check_source(SPEC, GOOD)) == len(CHECKS)


# --- where it runs -----------------------------------------------------------------------------


def test_new_code_runs_in_a_child_first_and_then_here(explored, monkeypatch):
    monkeypatch.setattr(check, "inline_is_steady", lambda: True)
    check_source(SPEC, GOOD)
    assert explored == [{"first": "Children", "later": "Inline", "seed": 0}]


def test_a_graded_check_runs_in_children_alone(explored, monkeypatch):
    monkeypatch.setattr(check, "inline_is_steady", lambda: True)
    check_source(SPEC, GOOD, graded=True)
    assert explored == [{"first": "Children", "later": "Children", "seed": 0}]


def test_where_hashes_differ_everything_runs_in_children(explored, monkeypatch):
    monkeypatch.setattr(check, "inline_is_steady", lambda: False)
    found = check_source(SPEC, GOOD)
    assert explored == [{"first": "Children", "later": "Children", "seed": 0}]
    assert [v.outcome for v in found] == ["pass"] * 3


@pytest.mark.parametrize(("randomization", "steady"), [(0, True), (1, False)])
def test_hashes_are_steady_when_python_does_not_randomize_them(randomization, steady, monkeypatch):
    class Flags:
        hash_randomization = randomization

    monkeypatch.setattr(check.sys, "flags", Flags)
    assert inline_is_steady() is steady


def test_code_that_ends_its_interpreter_does_so_in_a_child_alone():
    found = check_source(
        SPEC, "import sys\n\n\ndef worker(channel, payments):\n    sys.modules['os']._exit(3)\n"
    )
    assert [v.outcome for v in found] == ["error"] * 3
    assert "ended its whole Python process" in found[0].sentence


# --- one schedule ------------------------------------------------------------------------------


def test_one_run_is_the_run_of_its_plan_with_what_was_found():
    fine, nothing = one_run(SPEC, TWICE, ())
    assert (fine.plan, nothing) == ((), [])
    twice, found = one_run(SPEC, TWICE, (crash(5),), seed=3)
    assert (twice.plan, twice.seed) == ((crash(5),), 3)
    assert [finding.anomaly for finding in found] == ["duplicate_effect"]


def test_one_run_looks_for_each_anomaly_once():
    _, found = one_run(load("at_least_once_worker"), chaff("never_acks"), ())
    assert {finding.anomaly for finding in found} == {"stuck"}
    assert len(found) == len(set(found))


def chaff(name: str) -> str:
    return next(each.source for each in chaffs("at_least_once_worker") if each.name == name)


def test_one_run_goes_through_a_child_first_too(monkeypatch):
    ran = []
    real = check.launcher
    monkeypatch.setattr(
        check, "launcher", lambda spec, transport, seed: ran.append(type(transport).__name__)
        or real(spec, transport, seed),
    )  # fmt: skip
    monkeypatch.setattr(check, "inline_is_steady", lambda: True)
    one_run(SPEC, GOOD, (crash(5),))
    assert ran == ["Children", "Inline"]


@pytest.mark.parametrize(
    ("source", "graded"),
    [
        (GOOD, True),
        ("def worker(channel, payments):\n    while True: pass\n", False),
        ("def worker(channel, payments):\n    import os\n    os._exit(3)\n", False),
    ],
    ids=["graded", "loops", "exits"],
)
def test_one_run_stays_in_children_where_it_is_graded_or_hopeless(source, graded, monkeypatch):
    monkeypatch.setattr(check, "inline_is_steady", lambda: True)
    monkeypatch.setattr(check, "_inline", lambda source: pytest.fail("it ran here"))
    run, _ = one_run(SPEC, source, (crash(5),), graded=graded)
    assert run.plan == (crash(5),)


def test_one_run_of_what_is_no_python_raises():
    with pytest.raises(DoesNotParse, match="line 1 does not parse"):
        one_run(SPEC, "def worker(:", ())


def test_both_transports_find_the_same_in_one_run():
    inline, child = (one_run(SPEC, TWICE, (crash(5),), graded=graded) for graded in (False, True))
    assert inline[0].trace.text() == child[0].trace.text()
    assert inline[1] == child[1]


def test_inline_is_what_later_runs_are_made_of():
    assert isinstance(check._inline(GOOD), Inline)
