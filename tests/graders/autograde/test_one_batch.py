"""What a batch reads and makes once, and that it ends with the batch."""

import nbgrader.api
import pytest
from nbgrader.api import Gradebook

from graders.autograde import exporter
from graders.autograde.one_engine import one_engine
from tests.graders.autograde.course import CORRECT, NAME, cell_of, new_course


@pytest.fixture
def class_of_two(tmp_path):
    course = new_course(tmp_path)
    course.submit("ada", CORRECT)
    course.submit("bo", CORRECT)
    return course


def test_a_batch_opens_its_gradebook_with_one_engine(class_of_two, monkeypatch):
    made = []
    create = nbgrader.api.create_engine

    def counted(*args, **kwargs):
        made.append(args)
        return create(*args, **kwargs)

    monkeypatch.setattr(nbgrader.api, "create_engine", counted)
    done = class_of_two.api.autograde(NAME, "*")
    assert done["success"], done
    assert len(made) == 1
    assert nbgrader.api.create_engine is counted


def test_a_batch_reads_the_release_once(class_of_two, monkeypatch):
    reads = []
    read = exporter.read_release
    monkeypatch.setattr(
        exporter, "read_release", lambda *given: reads.append(given) or read(*given)
    )
    assert class_of_two.api.autograde(NAME, "*")["success"]
    assert len(reads) == 1


def test_the_next_batch_knows_what_was_released_since(class_of_two):
    assert class_of_two.api.autograde(NAME, "*")["success"]
    with class_of_two.gradebook() as gradebook:
        cell = gradebook.find_source_cell(f"{NAME}-nothing_lost", NAME, NAME)
        cell.source = f'check("{NAME}", "charged_once")'
        gradebook.db.commit()
    assert class_of_two.api.autograde(NAME, "*", force=True)["success"]
    graded = cell_of(class_of_two.graded("ada"), f"{NAME}-nothing_lost")
    assert graded.source == f'check("{NAME}", "charged_once")'


def test_the_engines_are_nbgraders_again_when_a_batch_fails():
    create = nbgrader.api.create_engine

    @one_engine()
    def batch():
        assert nbgrader.api.create_engine is not create
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        batch()
    assert nbgrader.api.create_engine is create


def test_a_gradebook_is_opened_again_after_it_was_closed(tmp_path):
    with one_engine():
        for student in ("ada", "bo"):
            with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
                gradebook.add_student(student)
        with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
            assert {student.id for student in gradebook.students} == {"ada", "bo"}
