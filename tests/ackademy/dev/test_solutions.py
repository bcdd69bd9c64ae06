"""What is said about wheats and chaffs that are not what they are there for."""

import pytest

from ackademy.cells import CannotDo
from ackademy.dev import solutions, trials
from graders.content import Chaff, wheats
from graders.explore import explore
from graders.spec import load
from minibroker.sim.inline import Inline
from tests.ackademy.dev.course import ACK, CHAFFS, CHARGE, NAME, WHEATS, chaff, worker


def tried(course, seeds=1):
    """What is said after all solutions were tried in this process."""
    todo = trials.tasks(trials.solutions(course.layout, NAME), range(seeds))
    return solutions.of_trials((task[0], trials.trial(task)) for task in todo)


def test_nothing_is_said_about_good_content(course):
    assert solutions.enough(course.layout, NAME) == []
    assert solutions.chaffs_cover(course.layout, NAME) == []
    assert tried(course, seeds=2) == []


def test_every_solution_is_tried_with_every_seed_in_both_transports(course):
    found = trials.solutions(course.layout, NAME)
    assert [str(each) for each in found] == [
        "wheat 0 (the solution notebook's cell)",
        *(f"wheat {name}" for name in sorted(WHEATS)),
        *(f"chaff {name}" for name in CHAFFS),
    ]
    assert [task[1:] for task in trials.tasks(found[:1], range(2))] == [
        (0, False), (0, True), (1, False), (1, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("wheats", "it has 1 wheat in {}; write at least 2, each of another design"),
        ("chaffs", "it has 2 chaffs in {}; write at least 3, one misconception each"),
    ],
)
def test_too_few_of_either_are_told(course, kind, said):
    next((course.spec / kind).glob("*.py")).unlink()
    place = f"graders/specs/{NAME}/{kind}"
    assert solutions.enough(course.layout, NAME) == [said.format(place)]


def test_a_wheat_without_full_marks_is_told_with_the_verdicts_sentence(course):
    (course.spec / "wheats" / "key_first.py").write_text(worker(CHARGE, ACK))
    [said] = tried(course)
    assert said.startswith(
        "wheat key_first gets fail for the check charged_once, inline with seed 0 (the "
        "charge for order-1 was "
    )
    assert said.endswith(") and 1 more time; mend it, or the check if it keeps the promise")


def test_a_solution_notebook_without_full_marks_is_told(course):
    source = worker("### BEGIN SOLUTION", CHARGE, ACK, "### END SOLUTION")
    course.change_cells(
        course.layout.solution(NAME), lambda cells: cells["solution"].update(source=source)
    )
    [said] = tried(course)
    assert said.startswith(
        "wheat 0 (the solution notebook's cell) gets fail for the check charged_once"
    )


def test_a_wheat_that_does_not_parse_is_told_for_every_check(course):
    (course.spec / "wheats" / "key_first.py").write_text("def worker(:")
    said = tried(course)
    assert len(said) == 3
    assert said[0].startswith("wheat key_first gets error for the check nothing_lost, inline with")


def test_a_wheat_that_never_polls_is_told(course):
    (course.spec / "wheats" / "key_first.py").write_text("def worker(channel, payments): pass\n")
    assert "wheat key_first gets unknown for the check nothing_lost" in tried(course)[0]


def test_a_chaff_that_does_not_show_what_it_names_is_told(course):
    text = chaff("lost_message", WHEATS["key_first"])
    (course.spec / "chaffs" / "ack_first.py").write_text(text)
    assert tried(course) == [
        "chaff ack_first does not show lost_message, which its header names, inline with seed 0 "
        "and 1 more time; mend it or its header, or let the scenario show the difference",
        "chaff ack_first does not fail the check nothing_lost, inline with seed 0 and 1 more time; "
        "mend it or its header, or let the scenario show the difference",
    ]


def test_a_chaff_that_fails_by_another_anomaly_is_told(course):
    (course.spec / "chaffs" / "ack_first.py").write_text(chaff("lost_message", CHAFFS["no_key"][1]))
    assert [said.split(",")[0] for said in tried(course)] == [
        "chaff ack_first does not show lost_message",
        "chaff ack_first shows duplicate_effect",
        "chaff ack_first does not fail the check nothing_lost",
        "chaff ack_first fails the check charged_once as well",
    ]


def test_a_chaff_that_cannot_be_run_is_told_and_not_taken_for_caught(course):
    text = chaff("lost_message", worker("raise ValueError('no')"))
    (course.spec / "chaffs" / "ack_first.py").write_text(text)
    said = tried(course)
    assert len(said) == 3
    assert said[0].startswith("chaff ack_first gets error for the check nothing_lost, inline with")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "no_ack",
            None,
            "no chaff fails the check queue_drained; write one with the line 'anomaly: stuck' in "
            "its header",
        ),
        (
            "no_ack",
            "reordered",
            "chaff no_ack names reordered, for which no check looks; correct its header, or add "
            "it to a check",
        ),
    ],
)
def test_checks_and_chaffs_that_do_not_meet_are_told(course, old, new, said):
    path = course.spec / "chaffs" / f"{old}.py"
    if new is None:
        path.unlink()
    else:
        course.change(path, f"anomaly: {CHAFFS[old][0]}", f"anomaly: stuck\nanomaly: {new}")
    assert solutions.chaffs_cover(course.layout, NAME) == [said]


def test_an_anomaly_of_a_check_that_no_chaff_shows_is_told(course):
    course.change_spec('("stuck",)', '("stuck", "lost_message")')
    named = [Chaff("no_ack", "", ("stuck",)), Chaff("no_key", "", ("duplicate_effect",))]
    assert solutions.covered(load(NAME), named) == [
        "no chaff fails the check nothing_lost; write one with the line 'anomaly: lost_message' "
        "in its header",
        "no chaff shows lost_message, for which the check queue_drained looks; write one, or take "
        "it out of the check",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"""Wrong."""\n', "chaff no_key of charge_once names no anomaly; add a line 'anomaly: "),
        ("def f(:\n", "graders/specs/charge_once/chaffs/no_key.py, line 1: "),
    ],
)
def test_a_chaff_that_cannot_be_read_as_one_is_told(course, text, said):
    (course.spec / "chaffs" / "no_key.py").write_text(text)
    with pytest.raises(CannotDo) as refused:
        trials.solutions(course.layout, NAME)
    assert str(refused.value).startswith(said)


def test_a_solution_notebook_without_a_solution_is_told(course):
    course.change_cells(
        course.layout.solution(NAME), lambda cells: cells["solution"].update(source="pass")
    )
    with pytest.raises(CannotDo, match="has no solution to try: no cell defines"):
        trials.solutions(course.layout, NAME)


def test_an_anomaly_counts_only_in_the_runs_that_a_check_of_it_is_about():
    """What is done twice is looked for without faults alone; a crash before the commit repeats an
    e-mail."""
    [wheat] = wheats("second_notifier")
    spec = load("second_notifier")
    assert any(
        "duplicate_effect" in each.findings for each in explore(spec, Inline(wheat.source)).broken
    )
    found = trials.trial((trials.Solution(spec.name, "wheat", wheat.name, wheat.source), 0, False))
    assert found.found == ()
