"""A learner's own copies: made once, never overwritten, brought up to a newer release."""

import json
import os

import pytest

from ackademy import start as module
from ackademy.cells import CannotDo, notebook_of
from ackademy.start import BASE, copies, mine, names, set_aside, start
from graders.spec import UnknownName
from tests.ackademy.course import NAME, cells, code, new_course, place, save, source

SOLUTION = "import json\n\n\ndef worker(channel, payments, database):\n    'mine'\n"


@pytest.fixture
def root(tmp_path):
    return new_course(tmp_path)


@pytest.fixture
def path(root):
    """The learner's notebook, begun."""
    return start(root, NAME).path


def release(root):
    return root / "exercises" / NAME / f"{NAME}.ipynb"


def write_solution(path, text=SOLUTION):
    changed = cells(path)
    changed[place(changed, "solution")]["source"] = text.splitlines(True)
    save(path, changed)


def release_anew(root):
    """The title is another, and a cell is new before the solution."""
    changed = cells(release(root))
    changed[place(changed, "title")]["source"] = ["# Another title"]
    changed.insert(place(changed, "solution"), code("new = 1", "new"))
    save(release(root), changed)


def test_the_first_start_copies_the_release_and_says_so(root):
    started = start(root, NAME)
    assert started.path == root / "answers" / NAME / f"{NAME}.ipynb"
    assert started.path.read_bytes() == release(root).read_bytes()
    assert started.note == f"answers/{NAME}/{NAME}.ipynb is new: it is yours to write in"


def test_a_second_start_changes_nothing_and_says_nothing(root, path):
    write_solution(path)
    before = path.read_bytes()
    assert start(root, NAME) == module.Started(path)
    assert path.read_bytes() == before
    assert copies(path) == []


def test_what_an_exercise_comes_with_is_copied_once(root):
    extra = release(root).with_name("orders.json")
    extra.write_text("[]")
    path = start(root, NAME).path
    copied = path.with_name("orders.json")
    assert copied.read_text() == "[]"
    copied.write_text("[1]")
    start(root, NAME)
    assert copied.read_text() == "[1]"


def test_an_exercise_that_there_is_not_is_named_with_the_closest(root):
    with pytest.raises(UnknownName, match=f"did you mean {NAME}"):
        start(root, "at_least_once")
    with pytest.raises(UnknownName):
        start(root, "../course")
    assert names(root) == [NAME]


def test_the_learners_notebook_comes_before_the_release(root, monkeypatch):
    monkeypatch.chdir(root / "course")
    assert notebook_of(NAME) == release(root)
    path = start(root, NAME).path
    assert notebook_of(NAME) == path


def test_a_place_that_cannot_be_written_is_one_sentence(root):
    (root / "answers").write_text("a file")
    with pytest.raises(CannotDo, match=r"cannot be made ready \(.*\); make .*answers writable, or"):
        start(root, NAME)


# --- a newer release ---------------------------------------------------------------------------


def test_a_newer_release_gives_its_text_and_keeps_the_solution(root, path):
    write_solution(path)
    before = path.read_bytes()
    release_anew(root)
    started = start(root, NAME)
    found = cells(path)
    assert source(found[place(found, "solution")]) == SOLUTION
    assert source(found[place(found, "title")]) == "# Another title"
    assert place(found, "new") < place(found, "solution")
    [copy] = copies(path)
    assert copy.read_bytes() == before
    assert started.note == (
        f"{NAME}.ipynb is brought up to its new release: your solution and your own cells are "
        f"kept in it, and {copy.name} beside it is all as it was"
    )
    assert start(root, NAME).note == ""


def test_a_solution_that_was_not_begun_takes_the_new_stub(root, path):
    save(path, cells(path))  # saved, with nothing written in it
    changed = cells(release(root))
    changed[place(changed, "solution")]["source"] = ["def worker(): ...  # new"]
    save(release(root), changed)
    start(root, NAME)
    found = cells(path)
    assert source(found[place(found, "solution")]) == "def worker(): ...  # new"


def test_the_learners_own_cells_stay_where_they_were(root, path):
    changed = cells(path)
    changed.insert(place(changed, "check-charged-once") + 1, code("judge(1)", "one"))
    changed.insert(0, code("first = 1", "two"))
    changed.append(code("last = 1", "new"))  # the id that the next release gives to its own
    save(path, changed)
    release_anew(root)
    start(root, NAME)
    found = cells(path)
    assert [source(found[0]), source(found[-1])] == ["first = 1", "last = 1"]
    assert source(found[place(found, "check-charged-once") + 1]) == "judge(1)"
    ids = [cell["id"] for cell in found]
    assert len(set(ids)) == len(ids)


def test_own_cells_after_a_cell_that_is_no_more_come_last(root, path):
    changed = cells(path)
    changed.insert(place(changed, "hints") + 1, code("mine = 1"))
    save(path, changed)
    save(release(root), [cell for cell in cells(release(root)) if cell["id"] != "hints"])
    start(root, NAME)
    assert source(cells(path)[-1]) == "mine = 1"


def test_a_copied_solution_cell_keeps_both_and_the_last_one_counts(root, path):
    changed = cells(path)
    at = place(changed, "solution")
    changed[at]["source"] = ["def worker(): 'first'"]
    again = changed[at] | {"id": "again", "source": ["def worker(): 'second'"]}
    changed.insert(at + 1, again)
    save(path, changed)
    release_anew(root)
    start(root, NAME)
    found = cells(path)
    first, second = place(found, "def worker(): 'first'"), place(found, "def worker(): 'second'")
    assert first < second
    assert "nbgrader" not in found[first]["metadata"]
    assert found[second]["metadata"]["nbgrader"]["grade_id"] == f"{NAME}-solution"


def test_a_stub_that_the_learner_threw_away_does_not_come_back_over_the_solution(root, path):
    changed = cells(path)
    changed[place(changed, "solution")] = code("def worker(): 'own'")
    save(path, changed)
    release_anew(root)
    start(root, NAME)
    found = cells(path)
    assert [source(cell) for cell in found if "def worker" in source(cell)] == [
        "def worker(): 'own'"
    ]


def test_a_solution_whose_cell_the_new_release_has_not_is_kept(root, path):
    write_solution(path)
    changed = cells(release(root))
    changed[place(changed, "solution")]["metadata"]["nbgrader"]["grade_id"] = "renamed"
    save(release(root), changed)
    start(root, NAME)
    assert SOLUTION in [source(cell) for cell in cells(path)]


def test_an_upgrade_that_was_cut_short_is_done_again_without_doubling_cells(root, path):
    write_solution(path)
    release_anew(root)
    base = path.with_name(BASE)
    old = base.read_bytes()
    start(root, NAME)
    once = [source(cell) for cell in cells(path)]
    base.write_bytes(old)  # as if it had ended before this was written
    start(root, NAME)
    assert [source(cell) for cell in cells(path)] == once


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": [1]}', '{"cells": [{"source": 1}]}', ""])
def test_a_notebook_that_is_none_is_left_alone_and_named(root, path, content):
    path.write_text(content)
    release_anew(root)
    note = start(root, NAME).note
    assert "is no notebook itself, so it was left alone" in note
    assert path.read_text() == content
    assert copies(path) == []


def test_a_notebook_that_was_put_there_by_hand_is_left_as_it_is(root):
    path = mine(root, NAME)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"cells": [code("x = 1")], "nbformat": 4, "metadata": {}}))
    before = path.read_bytes()
    assert start(root, NAME).note == ""
    assert path.read_bytes() == before


# --- copies ------------------------------------------------------------------------------------


class Clock:
    """Stands in for datetime, at one time."""

    def __init__(self, time: str) -> None:
        self.time = time

    def now(self) -> "Clock":
        return self

    def strftime(self, _: str) -> str:
        return self.time


def test_no_copy_overwrites_another_and_the_newest_is_last(path, monkeypatch):
    made = []
    for content, time in enumerate(["20260105-090000"] * 11 + ["20260105-080000", "20260105-0901"]):
        path.write_text(str(content))
        monkeypatch.setattr(module, "datetime", Clock(time))
        made.append(set_aside(path))
    assert list(copies(path)) == made
    assert [int(copy.read_text()) for copy in made] == list(range(13))
    assert made[0].name == f"{NAME}.20260105-090000.ipynb"
    assert made[1].name == f"{NAME}.20260105-090000-2.ipynb"


def test_a_file_that_cannot_be_put_leaves_the_old_one_and_nothing_else(path, monkeypatch):
    before = sorted(path.parent.iterdir())

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        module.put(path, b"new")
    assert sorted(path.parent.iterdir()) == before
    assert path.read_bytes() != b"new"
