"""A learner's copy of the course, in a folder of the test's own."""

import json
import shutil
from pathlib import Path

NAME = "at_least_once_worker"
ROOT = Path(__file__).parents[2]


def new_course(root: Path) -> Path:
    """The lessons and the one exercise; gives the course's folder."""
    shutil.copytree(ROOT / "course", root / "course")
    shutil.copytree(ROOT / "exercises" / NAME, root / "exercises" / NAME)
    return root


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def save(path: Path, changed: list[dict]) -> None:
    """Save a notebook with other cells, as JupyterLab does: a new file in the place of the old."""
    notebook = json.loads(path.read_text(encoding="utf-8")) | {"cells": changed}
    scratch = path.with_suffix(".saving")
    scratch.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    scratch.replace(path)


def source(cell: dict) -> str:
    return "".join(cell["source"])


def place(found: list[dict], start: str) -> int:
    """Where the cell is whose source begins with, or whose id is, `start`."""
    [number] = [
        number
        for number, cell in enumerate(found)
        if source(cell).startswith(start) or cell.get("id") == start
    ]
    return number


def code(text: str, cell_id: str = "mine") -> dict:
    return {
        "cell_type": "code", "id": cell_id, "metadata": {}, "source": text.splitlines(True),
        "outputs": [], "execution_count": None,
    }  # fmt: skip
