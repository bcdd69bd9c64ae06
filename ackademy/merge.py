"""A newer release of an exercise, with what the learner wrote in the one before.

The new release gives the text and the checks. The learner gives the solution, and the cells that
were added. Cells are known by nbgrader's grade_id, or by their own id, which JupyterLab keeps.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Cell = dict[str, Any]


class NoNotebook(Exception):
    """What should be merged is not a notebook."""


def merged(mine: bytes, base: bytes, fresh: bytes) -> bytes:
    """The notebook `fresh` with the learner's part of `mine`, which was made from `base`.

    Raises `NoNotebook` when `mine` is none.
    """
    theirs, old, new = _notebook(mine), _notebook(base), _notebook(fresh)
    released = {_key(cell): cell for cell in old["cells"]}
    # Cells that only the new release has are there when an upgrade was cut short.
    there = {_key(cell): _source(cell) for cell in theirs["cells"]}
    released |= {
        key: cell
        for cell in new["cells"]
        if (key := _key(cell)) not in released and there.get(key) == _source(cell)
    }
    stubs = {_key(cell): _source(cell) for cell in old["cells"] if _is_solution(cell)}
    solutions, own = _sorted_out(theirs["cells"], released)
    cells: list[Cell] = []
    for cell in new["cells"]:
        key = _key(cell)
        if key in stubs and key not in solutions:
            continue  # thrown away by the learner; coming back, a stub could pass for the solution
        kept = solutions.pop(key, None) if _is_solution(cell) else None
        if kept is not None and _source(kept) != stubs.get(key):
            given = {part: kept[part] for part in ("outputs", "execution_count") if part in kept}
            cell = cell | {"source": kept["source"]} | given
        cells.append(cell)
    # A solution that the new release has no cell for is the learner's all the same.
    for key, kept in solutions.items():
        if _source(kept) != stubs.get(key):
            own.append((None, kept))
    new["cells"] = _with(own, cells)
    return (json.dumps(new, indent=1, ensure_ascii=False) + "\n").encode()


def _notebook(content: bytes) -> dict[str, Any]:
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        for cell in notebook["cells"]:
            cell["metadata"].get("nbgrader", {}).get("grade_id")
            assert isinstance(_source(cell), str)
            assert cell["cell_type"]
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError):
        raise NoNotebook from None
    else:
        found: dict[str, Any] = notebook
        return found


def _key(cell: Mapping[str, Any]) -> str:
    grade_id: str = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
    return f"grade_id {grade_id}" if grade_id else f"id {cell.get('id', '')}"


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _is_solution(cell: Mapping[str, Any]) -> bool:
    mark = cell["metadata"].get("nbgrader", {})
    return bool(mark.get("solution") or mark.get("task"))


def _sorted_out(
    cells: Sequence[Cell], released: Mapping[str, Cell]
) -> tuple[dict[str, Cell], list[tuple[str | None, Cell]]]:
    """The learner's solution cells by key, and the learner's own cells, each with the key of the
    released cell that it comes after."""
    last = {_key(cell): place for place, cell in enumerate(cells)}
    solutions: dict[str, Cell] = {}
    own: list[tuple[str | None, Cell]] = []
    after: str | None = None
    for place, cell in enumerate(cells):
        key = _key(cell)
        if key in released and last[key] == place:
            if _is_solution(released[key]):
                solutions[key] = cell
            after = key
        else:  # also the earlier copies of a solution cell that was copied
            own.append((after, cell))
    return solutions, own


def _with(own: Sequence[tuple[str | None, Cell]], cells: Sequence[Cell]) -> list[Cell]:
    """The cells with the learner's own where they were; last, where that cell is no more."""
    there = {_key(cell) for cell in cells}
    taken = {str(cell.get("id")) for cell in cells}
    result = [_renamed(cell, taken) for after, cell in own if after is None]
    for cell in cells:
        result.append(cell)
        result += [_renamed(mine, taken) for after, mine in own if after == _key(cell)]
    return result + [
        _renamed(cell, taken) for after, cell in own if after is not None and after not in there
    ]


def _renamed(cell: Cell, taken: set[str]) -> Cell:
    """The learner's cell, no longer marked as one of the release, with an id of its own."""
    metadata = {name: value for name, value in cell["metadata"].items() if name != "nbgrader"}
    name = str(cell.get("id") or "own")
    number = 1
    while name in taken:
        number += 1
        name = f"own-{number}"
    taken.add(name)
    return cell | {"id": name, "metadata": metadata}
