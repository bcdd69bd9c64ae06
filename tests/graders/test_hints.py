"""Hints: one a heading, in order, the first the gentlest."""

from pathlib import Path

import pytest

from graders import hints as module
from graders.hints import Hint, hints
from graders.spec import load, names

ROOT = Path(__file__).parents[2]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write the hints of an exercise ``x`` and read them."""
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    (tmp_path / "x").mkdir()

    def read(text: str) -> list[Hint]:
        (tmp_path / "x" / "hints.md").write_text(text, encoding="utf-8")
        return hints("x")

    return read


def test_each_heading_is_a_hint_with_what_stands_under_it(written):
    found = written(
        "# Hints: x\n\nNot for learners.\n\n## Where is the ack?\n\nLook at it.\n\nTwice.\n\n"
        "##  When does it ä?  \nNow.\n"
    )
    assert found == [
        Hint("Where is the ack?", "Look at it.\n\nTwice."),
        Hint("When does it ä?", "Now."),
    ]


def test_a_smaller_heading_is_a_part_of_its_hint(written):
    [found] = written("## One\n\n### A part\n\nAnd ## this is none.\n")
    assert found.text == "### A part\n\nAnd ## this is none."


def test_a_heading_with_nothing_under_it_is_a_hint_without_text(written):
    assert written("## One\n## Two\ntext") == [Hint("One", ""), Hint("Two", "text")]


def test_a_file_without_a_heading_has_no_hints(written):
    assert written("# Hints: x\n\nTo be written.\n") == []


def test_an_exercise_without_a_file_has_no_hints(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    assert hints("x") == []


def test_a_heading_may_end_with_the_check_that_it_helps_with(written):
    found = written(
        "## Where is the ack? {nothing_lost}\nLook.\n## A {set} is emptied\nx\n## {alone}\ny\n"
    )
    assert found == [
        Hint("Where is the ack?", "Look.", "nothing_lost"),
        Hint("A {set} is emptied", "x"),
        Hint("{alone}", "y"),
    ]


# --- those that there are ----------------------------------------------------------------------

EXERCISES = sorted(path.name for path in (ROOT / "exercises").iterdir() if path.is_dir())


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_hints(name):
    assert len(hints(name)) >= 3


@pytest.mark.parametrize("name", names())
def test_every_hint_says_something_of_its_own(name):
    found = hints(name)
    assert all(hint.title and hint.text for hint in found)
    assert len({hint.title for hint in found}) == len(found)


@pytest.mark.parametrize("name", EXERCISES)
def test_no_hint_gives_the_solution_away_as_code(name):
    for hint in hints(name):
        assert "```" not in hint.text
        assert not any(f"def {entry}" in hint.text for entry in load(name).entries)


@pytest.mark.parametrize("name", names())
def test_a_hint_names_only_checks_that_there_are(name):
    for hint in hints(name):
        if hint.check:
            load(name).check(hint.check)
