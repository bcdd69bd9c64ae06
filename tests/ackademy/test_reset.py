"""`ackademy reset` begins an exercise anew and loses nothing."""

import pytest

from ackademy.cells import CannotDo
from ackademy.reset import RELOAD, reset, undo
from ackademy.start import copies, start
from tests.ackademy.course import NAME, new_course


@pytest.fixture
def root(tmp_path):
    return new_course(tmp_path)


@pytest.fixture
def path(root):
    return start(root, NAME).path


def fresh(root):
    return (root / "exercises" / NAME / f"{NAME}.ipynb").read_bytes()


def test_reset_keeps_a_copy_says_which_and_puts_the_release_there(root, path):
    path.write_text("my work")
    said = reset(root, NAME)
    [copy] = copies(path)
    assert copy.read_text() == "my work"
    assert path.read_bytes() == fresh(root)
    assert said == (
        f"answers/{NAME}/{NAME}.ipynb is as it was released. What it was is kept in {copy.name} "
        f"beside it; ackademy reset {NAME} --undo brings it back. {RELOAD}"
    )


def test_reset_of_what_was_not_touched_does_nothing(root, path):
    assert reset(root, NAME) == (
        f"answers/{NAME}/{NAME}.ipynb is as it was released; nothing was changed"
    )
    assert copies(path) == []


def test_reset_of_what_is_not_there_begins_it(root):
    assert "so there was nothing to keep" in reset(root, NAME)
    assert (root / "answers" / NAME / f"{NAME}.ipynb").read_bytes() == fresh(root)


def test_each_reset_keeps_its_own_copy(root, path):
    for text in ("one", "two", "three"):
        path.write_text(text)
        reset(root, NAME)
    assert [copy.read_text() for copy in copies(path)] == ["one", "two", "three"]


def test_undo_brings_the_newest_copy_back(root, path):
    for text in ("one", "two"):
        path.write_text(text)
        reset(root, NAME)
    assert undo(root, NAME).startswith(f"answers/{NAME}/{NAME}.ipynb is what it was in {NAME}.2")
    assert path.read_text() == "two"
    assert [copy.read_text() for copy in copies(path)] == ["one"]


def test_undo_keeps_what_was_written_since_and_a_second_one_brings_that_back(root, path):
    path.write_text("before")
    reset(root, NAME)
    path.write_text("since")
    assert "What stood there is kept in" in undo(root, NAME)
    assert path.read_text() == "before"
    undo(root, NAME)
    assert path.read_text() == "since"
    assert [copy.read_text() for copy in copies(path)] == ["before"]


def test_there_is_no_undo_without_a_copy(root, path):
    with pytest.raises(CannotDo, match=r"there is no copy of .* to bring back; ackademy reset"):
        undo(root, NAME)


def test_after_a_reset_to_a_newer_release_there_is_nothing_to_upgrade(root, path):
    path.write_text("{")
    release = root / "exercises" / NAME / f"{NAME}.ipynb"
    release.write_bytes(release.read_bytes() + b"\n")
    reset(root, NAME)
    assert start(root, NAME).note == ""
