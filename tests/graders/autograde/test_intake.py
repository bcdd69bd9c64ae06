"""Reading what may be anything."""

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest

from graders.autograde.intake import Refused, read, refuse_links


def saved(tmp_path: Path, *cells: Any, **more: Any) -> Path:
    path = tmp_path / "some.ipynb"
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}
    path.write_text(json.dumps(content))
    return path


def code(**more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1"}
    return cell | {"outputs": [], "execution_count": 3} | more


def got(path: Path) -> nbformat.NotebookNode:
    notebook = read(path, 10_000, 10)
    nbformat.validate(notebook)
    return notebook


def test_sources_come_in_both_forms(tmp_path: Path) -> None:
    cells = got(saved(tmp_path, code(source=["a\n", "b"]), code(id="b", source="c"))).cells
    assert [cell.source for cell in cells] == ["a\nb", "c"]


def test_only_sources_and_claims_are_read(tmp_path: Path) -> None:
    mark = {"grade_id": "x", "points": 100, "grade": True}
    output = {"output_type": "stream", "name": "stderr", "text": "boo"}
    path = saved(
        tmp_path,
        code(metadata={"nbgrader": mark, "tags": ["t"]}, outputs=[output]),
        metadata={"widgets": {"a": 1}},
    )
    [cell] = got(path).cells
    assert cell == {
        "cell_type": "code", "id": "a", "metadata": {"nbgrader": {"grade_id": "x"}}, "source": "1",
        "outputs": [], "execution_count": None,
    }  # fmt: skip
    assert got(path).metadata == {}


def test_ids_are_made_where_they_are_missing_wrong_or_taken(tmp_path: Path) -> None:
    cells = [code(), code(), code(id=7), code(id="a b"), code(id="cell-2")]
    ids = [cell.id for cell in got(saved(tmp_path, *cells)).cells]
    assert ids[0] == "a"
    assert len(set(ids)) == 5


def test_half_a_character_is_a_question_mark(tmp_path: Path) -> None:
    [cell] = got(saved(tmp_path, code(source="'\ud800'"))).cells
    assert cell.source == "'?'"


@pytest.mark.parametrize("metadata", [None, [], {"nbgrader": []}, {"nbgrader": {"grade_id": 7}}])
def test_metadata_of_any_form_is_no_claim(tmp_path: Path, metadata: Any) -> None:
    [cell] = got(saved(tmp_path, code(metadata=metadata))).cells
    assert cell.metadata == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no notebook"),
        (b"\xff\xfe", "it is no notebook"),
        (b"[" * 100_000, "it has 100,000 bytes, more than 10,000"),
        (b"[" * 9_999, "it is no notebook"),
        (b"[]", "no notebook of format 4"),
        (b'{"nbformat": 3, "worksheets": []}', "no notebook of format 4"),
        (b'{"nbformat": 4, "cells": {}}', "no notebook of format 4"),
        (b'{"nbformat": 4, "cells": [1]}', "cell 1 is none that JupyterLab writes"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}', "cell 1 is none"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "odd", "source": ""}]}', "cell 1 is none"),
        (json.dumps({"nbformat": 4, "cells": [code()] * 11}).encode(), "11 cells, more than 10"),
    ],
)
def test_what_is_no_notebook_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "some.ipynb"
    path.write_bytes(content)
    with pytest.raises(Refused, match="is not graded: ") as refused:
        got(path)
    assert why in str(refused.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission, in a course whose folder of submissions the instructor keeps elsewhere."""
    (tmp_path / "disk" / "eve" / "one" / "deep").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "submitted").symlink_to(tmp_path / "disk")
    (tmp_path / "submitted" / "eve" / "one" / "mine.txt").write_text("mine")
    return tmp_path / "submitted" / "eve" / "one"


def submitted(folder: Path) -> Path:
    return folder.parents[1]


def test_files_and_links_among_them_are_taken(folder: Path) -> None:
    (folder / "deep" / "same.txt").symlink_to("../mine.txt")
    refuse_links(folder, submitted(folder))


@pytest.mark.parametrize("target", ["../../../secret.txt", "/etc/passwd", "/dev/zero"])
def test_a_link_out_of_the_folder_is_refused(folder: Path, target: str) -> None:
    (folder / "deep" / "link").symlink_to(target)
    with pytest.raises(Refused, match="'deep/link' is a link out of it; delete the link"):
        refuse_links(folder, submitted(folder))


def test_a_link_to_nothing_and_a_pipe_are_refused(folder: Path) -> None:
    (folder / "link").symlink_to("nothing")
    with pytest.raises(Refused, match="'link' is no file"):
        refuse_links(folder, submitted(folder))
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(Refused, match="'pipe' is no file"):
        refuse_links(folder, submitted(folder))


@pytest.mark.parametrize("name", ["fay/one", "gus"])
def test_a_submission_that_is_a_link_itself_is_refused(folder: Path, name: str) -> None:
    link = submitted(folder) / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(folder if name.endswith("one") else folder.parent)
    with pytest.raises(Refused, match="it is a link"):
        refuse_links(submitted(folder) / name.partition("/")[0] / "one", submitted(folder))
