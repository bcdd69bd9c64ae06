"""The committed outputs of lessons and solutions are those of a fresh run.

A cell tagged ``nbval-skip`` or ``nbval-ignore-output`` is run, and its outputs are not compared.
"""

import copy
from pathlib import Path
from typing import Any

from ackademy.dev.layout import Layout
from ackademy.dev.notebooks import DoesNotRun, errors_of, fresh

FREE = {"nbval-ignore-output", "nbval-skip"}


def of_notebook(layout: Layout, path: Path) -> list[str]:
    """What is wrong with the outputs of a notebook, after a fresh run of it."""
    import nbformat

    shown = layout.shown(path)
    if not path.is_file():
        return [f"there is no {shown}; write it"]
    try:
        committed: Any = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError):
        return [f"{shown} is no notebook; save it again in JupyterLab"]
    mend = f"run ackademy dev notebooks {shown}"
    untagged = [
        f"{shown}: the cell {cell.id} shows {errors_of(cell)[0].ename}; mend it, or tag it "
        "raises-exception if it is meant to"
        for cell in committed.cells
        if errors_of(cell) and "raises-exception" not in _tags(cell)
    ]
    if untagged:
        return untagged
    try:
        made = fresh(path)
    except DoesNotRun as error:
        return [f"{shown}: {error}"]
    if unrun := [cell.id for cell in committed.cells if _is_unrun(cell)]:
        return [f"{shown}: {_cells(unrun)} never run; {mend}"]
    stale = [
        old.id
        for old, new in zip(committed.cells, made.cells, strict=True)
        if _output(old) != _output(new)
    ]
    if stale:
        return [
            f"{shown}: what {_cells(stale, 'shows', 'show')} is not what a fresh run shows; {mend}"
        ]
    if _without_outputs(committed) != _without_outputs(made):
        return [f"{shown} holds what a front end adds for itself, such as times; {mend}"]
    return []


def _cells(ids: list[str], one: str = "was", many: str = "were") -> str:
    if len(ids) == 1:
        return f"the cell {ids[0]} {one}"
    return f"the cells {', '.join(ids[:-1])} and {ids[-1]} {many}"


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def _is_unrun(cell: Any) -> bool:
    has_code = cell.cell_type == "code" and cell.source.strip()
    return bool(has_code and cell.execution_count is None and not FREE & _tags(cell))


def _output(cell: Any) -> Any:
    """What is compared of a cell: a traceback's paths and colours are the machine's."""
    if cell.cell_type != "code" or FREE & _tags(cell):
        return None
    outputs = copy.deepcopy(cell.outputs)
    for output in errors_of({"outputs": outputs}):
        output.pop("traceback", None)
    return cell.execution_count, outputs


def _without_outputs(notebook: Any) -> Any:
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        for key in ("outputs", "execution_count"):
            cell.pop(key, None)
    return bare
