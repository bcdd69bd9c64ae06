"""A submission made whole: exactly the cells that were released, and the learner's own.

Check cells that are missing, moved, edited or copied, and a solution cell that lost its mark,
are put right by what the gradebook says was released. What was done is said in a note at the
top. Whatever the learner wrote stays, as an ordinary cell where it was in a check cell's place.
"""

from collections.abc import Sequence
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from graders.autograde.claims import holders, is_unedited
from graders.autograde.intake import fresh_id, new_cell
from graders.autograde.order import arranged
from graders.autograde.released import Released, release_of

NOTE = "**Before it was graded, this notebook was mended:**"


class Mend(NbGraderPreprocessor):
    """nbgrader's sanitizing, all of it, as one transform of a notebook."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Mend a notebook as `graders.autograde.intake` reads it."""
        release = release_of(resources, self.parent)
        nb.metadata = NotebookNode({"language_info": {"name": "python"}})
        if release.kernelspec:
            nb.metadata["kernelspec"] = NotebookNode(release.kernelspec)
        nb.cells, notes = mended(nb.cells, release.cells)
        if notes:
            text = "\n".join([NOTE, "", *(f"- {note}" for note in notes)])
            taken = {cell.id for cell in nb.cells}
            nb.cells.insert(0, new_cell("markdown", text, fresh_id(taken)))
        return nb, resources


def mended(
    cells: Sequence[NotebookNode], released: Sequence[Released]
) -> tuple[list[NotebookNode], list[str]]:
    """The cells as they have to be, and a sentence for each thing that was mended."""
    held, notes = holders(cells, released)
    taken = {cell.id for cell in cells}
    whole: list[tuple[Released | None, NotebookNode]] = []
    for place, cell in enumerate(cells):
        role = held.get(place)
        if role is None:
            whole.append((None, new_cell(cell.cell_type, cell.source, cell.id)))
            continue
        if role.locked and not is_unedited(cell, role):
            note = f"the cell `{role.grade_id}` was edited and has been put back as it was"
            if cell.source.strip():
                note += "; what was written there stands in the cell before it"
                whole.append((None, new_cell(cell.cell_type, cell.source, _take(taken))))
            notes.append(note)
        elif cell.cell_type != role.cell_type:
            notes.append(f"the cell `{role.grade_id}` is a {role.cell_type} cell again")
        source = role.source if role.locked else cell.source
        whole.append((role, _marked(role, source, cell.id)))
    for role in released:
        if role.must_be_there and role not in held.values():
            notes.append(f"the cell `{role.grade_id}` was missing and has been put back")
    in_order, moved = arranged(
        whole, released, lambda role: _marked(role, role.source, _take(taken))
    )
    notes += [f"the cell `{role.grade_id}` was moved and has been put back" for role in moved]
    return in_order, notes


def _marked(role: Released, source: str, cell_id: str) -> NotebookNode:
    cell = new_cell(role.cell_type, source, cell_id)
    cell.metadata = NotebookNode(role.metadata())
    cell.metadata["nbgrader"] = NotebookNode(cell.metadata["nbgrader"])
    return cell


def _take(taken: set[str]) -> str:
    cell_id = fresh_id(taken)
    taken.add(cell_id)
    return cell_id
