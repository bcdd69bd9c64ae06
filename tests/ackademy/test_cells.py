"""A learner's cells, read from whatever file is given."""

import json
from pathlib import Path

import pytest

from ackademy.cells import CannotDo, cells_of, course_root, notebook_of

ROOT = Path(__file__).parents[2]


def notebook(path: Path, *cells: object) -> Path:
    path.write_text(json.dumps({"cells": list(cells), "nbformat": 4}), encoding="utf-8")
    return path


def code(source: object) -> dict[str, object]:
    return {"cell_type": "code", "source": source}


# --- the course --------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "course", "exercises/at_least_once_worker"])
def test_the_course_is_found_from_any_folder_in_it(inside, monkeypatch):
    monkeypatch.chdir(ROOT / inside)
    assert course_root() == ROOT


def test_outside_the_course_the_sentence_says_where_one_is_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course").mkdir()  # a folder of that name alone makes no course
    with pytest.raises(CannotDo) as refused:
        course_root()
    assert str(refused.value) == (
        f"{tmp_path} is not inside the course; change to its folder, or use --file"
    )


def test_an_exercises_notebook_is_found_by_its_name(monkeypatch):
    monkeypatch.chdir(ROOT / "course")
    path = notebook_of("at_least_once_worker")
    assert path.is_file()
    assert path.name == "at_least_once_worker.ipynb"


def test_an_experiment_without_a_notebook_asks_for_a_file(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(CannotDo, match=r"start_here\.ipynb; give your notebook or \.py file with"):
        notebook_of("start_here")


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["worker.py", "worker.txt", "worker"])
def test_a_file_that_is_no_notebook_is_one_cell(name, tmp_path):
    path = tmp_path / name
    path.write_text("def worker():\n    pass  # ä\n", encoding="utf-8")
    assert cells_of(path) == ["def worker():\n    pass  # ä\n"]


def test_a_notebooks_code_cells_are_read_in_order_and_no_other(tmp_path):
    path = notebook(
        tmp_path / "n.ipynb",
        code(["a = 1\n", "b = 2"]),
        {"cell_type": "markdown", "source": "not code"},
        {"cell_type": "raw", "source": "not code either"},
        code("c = 3"),
        code([]),
    )
    assert cells_of(path) == ["a = 1\nb = 2", "c = 3", ""]


@pytest.mark.parametrize("name", ["worker.py", "n.ipynb"])
def test_a_byte_order_mark_is_no_part_of_the_code(name, tmp_path):
    """Some editors put one at the beginning of a file."""
    path = tmp_path / name
    text = "x = 1" if name.endswith(".py") else json.dumps({"cells": [code("x = 1")]})
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert cells_of(path) == ["x = 1"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "def worker(): pass",
        "[]",
        "null",
        "{}",
        '{"cells": 7}',
        '{"cells": ["code"]}',
        '{"cells": [{}]}',
        '{"cells": [{"cell_type": "code"}]}',
        '{"cells": [{"cell_type": "code", "source": null}]}',
        '{"cells": [{"cell_type": "code", "source": [7]}]}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:60] or "empty",
)
def test_what_is_no_notebook_is_refused_by_its_name(text, tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CannotDo) as refused:
        cells_of(path)
    assert str(refused.value) == f"{path} is no notebook; save it again in JupyterLab"


def test_a_file_that_is_missing_a_folder_or_no_text_cannot_be_read(tmp_path):
    (tmp_path / "latin.py").write_bytes("# ä".encode("latin-1"))
    for path in (tmp_path / "none.py", tmp_path, tmp_path / "latin.py"):
        with pytest.raises(CannotDo) as refused:
            cells_of(path)
        assert str(refused.value).startswith(f"{path} cannot be read (")
        assert str(refused.value).endswith("); give another file with --file")
