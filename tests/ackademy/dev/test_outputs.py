"""What is said about committed outputs that a fresh run does not give."""

import pytest
from nbformat import read, write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from ackademy.dev import outputs
from ackademy.dev.notebooks import DoesNotRun, fresh, joined, run_notebook
from tests.ackademy.dev.course import notebook

SHOWN = "course/02_sum.ipynb"
MEND = f"run ackademy dev notebooks {SHOWN}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A notebook after one run in a real kernel, which takes its time to start."""
    path = tmp_path_factory.mktemp("kept") / "02_sum.ipynb"
    code = {
        "sum": "2 + 3",
        "say": "print('five')",
        "raise": "{}['five']",
        "free": "import os; os.getpid()",
    }
    cells = [new_code_cell(source, id=name) for name, source in code.items()]
    cells[2].metadata.tags = ["raises-exception"]
    cells[3].metadata.tags = ["nbval-skip"]
    write(notebook(new_markdown_cell("# Sums", id="title"), *cells), path)
    run_notebook(path)
    return path.read_bytes()


@pytest.fixture
def lesson(course, kept):
    """That notebook as a lesson."""
    path = course.layout.lesson("02_sum")
    path.write_bytes(kept)
    return path


@pytest.fixture
def ran(lesson, monkeypatch):
    """Every fresh run gives that one."""
    book = read(lesson, 4)
    monkeypatch.setattr(outputs, "fresh", lambda path: book)


def test_nothing_is_said_about_outputs_of_a_fresh_run(course, lesson):
    before = lesson.read_bytes()
    assert outputs.of_notebook(course.layout, lesson) == []
    assert lesson.read_bytes() == before
    assert fresh(lesson).cells[1].outputs[0].data["text/plain"] == "5"


def edit(what, cell="sum"):
    return lambda cells: what(cells[cell])


def shows(text):
    return lambda cell: cell.outputs[0].data.update({"text/plain": text})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edit(shows("6")), f"what the cell sum shows is not what a fresh run shows; {MEND}"),
        (
            edit(lambda cell: cell.outputs.clear()),
            f"what the cell sum shows is not what a fresh run shows; {MEND}",
        ),
        (
            edit(lambda cell: cell.update(execution_count=7)),
            f"what the cell sum shows is not what a fresh run shows; {MEND}",
        ),
        (
            lambda cells: (shows("6")(cells["sum"]), cells["say"].outputs.clear()),
            f"what the cells sum and say show is not what a fresh run shows; {MEND}",
        ),
        (
            edit(lambda cell: cell.update(execution_count=None, outputs=[])),
            f"the cell sum was never run; {MEND}",
        ),
        (
            lambda cells: [
                cells[name].update(execution_count=None, outputs=[]) for name in ("sum", "say")
            ],
            f"the cells sum and say were never run; {MEND}",
        ),
        (
            edit(lambda cell: cell.metadata.pop("tags"), "raise"),
            "the cell raise shows KeyError; mend it, or tag it raises-exception if it is meant to",
        ),
    ],
)  # fmt: skip
def test_outputs_that_are_not_those_of_a_fresh_run_are_told(course, lesson, ran, change, said):
    course.change_cells(lesson, change)
    assert outputs.of_notebook(course.layout, lesson) == [f"{SHOWN}: {said}"]


def test_what_a_front_end_adds_is_told(course, lesson, ran):
    course.change_cells(
        lesson, edit(lambda cell: cell.metadata.update(execution={"shell.execute_reply": "now"}))
    )
    assert outputs.of_notebook(course.layout, lesson) == [
        f"{SHOWN} holds what a front end adds for itself, such as times; {MEND}"
    ]


@pytest.mark.parametrize(
    "change",
    [
        edit(shows("4711"), "free"),
        edit(lambda cell: cell.update(execution_count=None, outputs=[]), "free"),
        edit(lambda cell: cell.outputs[0].update(traceback=["elsewhere"]), "raise"),
    ],
)
def test_what_may_differ_may_differ(course, lesson, ran, change):
    course.change_cells(lesson, change)
    assert outputs.of_notebook(course.layout, lesson) == []


def test_a_notebook_that_does_not_run_is_told(course, lesson):
    course.change_cells(lesson, edit(lambda cell: cell.update(source="1 / 0")))
    assert outputs.of_notebook(course.layout, lesson) == [
        f"{SHOWN}: the cell sum raises ZeroDivisionError: division by zero; mend it, or tag it "
        "raises-exception if it is meant to"
    ]
    before = lesson.read_bytes()
    with pytest.raises(DoesNotRun, match="the cell sum raises ZeroDivisionError"):
        run_notebook(lesson)
    assert lesson.read_bytes() == before


def test_a_missing_or_broken_notebook_is_told(course):
    path = course.layout.lesson("02_sum")
    assert outputs.of_notebook(course.layout, path) == [f"there is no {SHOWN}; write it"]
    path.write_text("no notebook")
    assert outputs.of_notebook(course.layout, path) == [
        f"{SHOWN} is no notebook; save it again in JupyterLab"
    ]


def test_an_error_that_was_never_tagged_is_told_without_a_run(course, monkeypatch):
    shown = new_output("error", ename="KeyError", evalue="'x'", traceback=[])
    path = course.save(
        course.layout.lesson("02_sum"),
        notebook(new_code_cell("{}['x']", id="x", execution_count=1, outputs=[shown])),
    )
    monkeypatch.setattr(outputs, "fresh", lambda path: pytest.fail("it was run"))
    [said] = outputs.of_notebook(course.layout, path)
    assert said.startswith(f"{SHOWN}: the cell x shows KeyError; mend it")


def test_what_the_kernel_printed_in_pieces_is_one_output():
    def said(name, text):
        return {"output_type": "stream", "name": name, "text": text}

    picture = {"output_type": "display_data", "data": {}}
    pieces = [said("stdout", "a"), said("stdout", "b"), said("stderr", "c"), picture]
    assert joined([*pieces, said("stderr", "d"), said("stderr", "e")]) == [
        said("stdout", "ab"), said("stderr", "c"), picture, said("stderr", "de"),
    ]  # fmt: skip
