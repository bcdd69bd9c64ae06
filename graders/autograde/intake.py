"""Reading a submission, of which nothing is believed.

What comes out is a notebook in the form that nbformat wants, of nothing but the cells' types,
sources and claims to a grade_id: outputs, widgets, timings and whatever else a learner's tools
left are not read. What cannot be made into that is refused with a sentence.
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Refused(Exception):
    """A submission that is not graded; the text says which, why, and what to do."""


def refuse_links(folder: Path, course: Path) -> None:
    """Refuse a submission that is, or holds, a link out of it, or anything that is no file.

    nbgrader copies what links point to (the gradebook, another's submission), and into the
    learner's feedback at that. `course` is a folder above all submissions, which is the
    instructor's and may itself be a link.
    """
    here = course.resolve() / folder.relative_to(course)
    if folder.resolve() != here:
        raise Refused(f"{folder} is not graded: it is a link; put the files there themselves")
    for parent, _, names in os.walk(here):  # which does not enter linked folders
        for path in (Path(parent, name) for name in names):
            real = path.resolve()
            if not real.is_relative_to(here):
                raise Refused(
                    f"{folder} is not graded: {_of(path, here)} is a link out of it; delete the "
                    "link, or put the file there itself, and grade again"
                )
            if not real.exists() or not stat.S_ISREG(real.stat().st_mode):
                raise Refused(
                    f"{folder} is not graded: {_of(path, here)} is no file; delete it and grade "
                    "again"
                )


def read(path: Path, max_bytes: int, max_cells: int) -> NotebookNode:
    """The notebook in a file, or `Refused`."""
    size = path.stat().st_size
    if size > max_bytes:
        raise Refused(
            f"{path} is not graded: it has {size:,} bytes, more than {max_bytes:,}; clear its "
            "outputs, save it and hand it in again"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"{path} is not graded: it is no notebook ({error}); save it again in JupyterLab and "
            "hand it in again"
        ) from None
    match content:
        case {"nbformat": 4, "cells": list(cells)} if len(cells) <= max_cells:
            return _notebook(path, cells)
        case {"nbformat": 4, "cells": list(cells)}:
            raise Refused(
                f"{path} is not graded: it has {len(cells):,} cells, more than {max_cells:,}; "
                "delete those that are not needed and hand it in again"
            )
    raise Refused(
        f"{path} is not graded: it is no notebook of format 4; open it in JupyterLab, save it "
        "and hand it in again"
    )


def _notebook(path: Path, cells: list[Any]) -> NotebookNode:
    read: list[NotebookNode] = []
    taken: set[str] = set()
    for number, raw in enumerate(cells, 1):
        match raw:
            case {"cell_type": "code" | "markdown" | "raw" as cell_type, "source": source}:
                text = _text(source)
            case _:
                text = None
        if text is None:
            raise Refused(
                f"{path} is not graded: its cell {number} is none that JupyterLab writes; open "
                "it there, save it and hand it in again"
            )
        wanted = raw.get("id")
        known = isinstance(wanted, str) and _CELL_ID.fullmatch(wanted) and wanted not in taken
        read.append(new_cell(cell_type, text, wanted if known else fresh_id(taken)))
        taken.add(read[-1].id)
        if claim := _claim(raw.get("metadata")):
            read[-1].metadata["nbgrader"] = claim
    return _node({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": read})


def new_cell(cell_type: str, source: str, cell_id: str) -> NotebookNode:
    """A cell without metadata and outputs."""
    output: dict[str, Any] = {"execution_count": None, "outputs": []} if cell_type == "code" else {}
    return _node(
        {"cell_type": cell_type, "id": cell_id, "metadata": {}, "source": source, **output}
    )


def fresh_id(taken: set[str]) -> str:
    """A cell id that is not taken; the same one whenever the same are taken."""
    number = 1
    while f"cell-{number}" in taken:
        number += 1
    return f"cell-{number}"


def _node(content: dict[str, Any]) -> NotebookNode:
    node: NotebookNode = nbformat.from_dict(content)
    return node


def _text(source: object) -> str | None:
    match source:
        case str():
            text = source
        case list() if all(isinstance(line, str) for line in source):
            text = "".join(source)
        case _:
            return None
    # JSON can hold half a surrogate pair, which no file can.
    return text.encode("utf-8", "replace").decode("utf-8")


def _claim(metadata: object) -> dict[str, Any] | None:
    match metadata:
        case {"nbgrader": {"grade_id": str(grade_id)}}:
            return {"grade_id": grade_id}
    return None


def _of(path: Path, folder: Path) -> str:
    return repr(str(path.relative_to(folder)))
