"""Which cell of a submission is which released one.

A cell claims it by the grade_id in its metadata, which learners' tools copy, split and strip.
Of several cells that claim to be one locked cell it is one that was left as it is, else the
first. The solution cell is the one that grading will take; for any other answer it is the last
one that claims it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from nbformat import NotebookNode

from graders.autograde.released import Released
from graders.cell import NoSolution, solution
from graders.spec import UnknownName, load
from minibroker.sim.ticks import DoesNotParse


def holders(
    cells: Sequence[NotebookNode], released: Sequence[Released]
) -> tuple[dict[int, Released], list[str]]:
    """Released cells by the position of the cell that is it, and a sentence for each claim that
    could not stand."""
    claims = _claims(cells)
    notes: list[str] = []
    held: dict[int, Released] = {}
    for role in released:
        if role.locked and (places := claims.get(role.grade_id)):
            unedited = [place for place in places if is_unedited(cells[place], role)]
            held[(unedited or places)[0]] = role
    graded = _graded(cells, released, held)
    for role in released:
        if role.locked:
            continue
        places = [place for place in claims.get(role.grade_id, ()) if place not in held]
        place = graded.get(role.grade_id)
        if place is not None and place not in held:
            held[place] = role
            if not places:
                notes.append(
                    f"the solution cell `{role.grade_id}` had lost its mark and was found by what "
                    "it defines"
                )
            elif place not in places:
                notes.append(
                    "the function is defined again in a later cell than the one for the solution; "
                    "the later one counts"
                )
        elif places:
            held[places[-1]] = role
    for role in released:
        if (many := len(claims.get(role.grade_id, ()))) > 1:
            notes.append(
                f"the cell `{role.grade_id}` was there {many} times; one of them counts, the "
                "others are ordinary cells now"
            )
    if claims.keys() - {role.grade_id for role in released}:
        notes.append("a cell had a grading mark that this exercise does not give; it was taken off")
    return held, notes


def is_unedited(cell: NotebookNode, role: Released) -> bool:
    """Whether a cell is as it was released."""
    source: str = cell.source
    return bool(cell.cell_type == role.cell_type) and source.strip() == role.source.strip()


def _claims(cells: Iterable[NotebookNode]) -> dict[str, list[int]]:
    claims: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        if claim := cell.metadata.get("nbgrader"):
            claims.setdefault(claim["grade_id"], []).append(place)
    return claims


def _graded(
    cells: Sequence[NotebookNode], released: Iterable[Released], locked: Mapping[int, Released]
) -> dict[str, int]:
    """The place of the cell that grading will take for each solution cell, by its grade_id."""
    code = [
        place
        for place, cell in enumerate(cells)
        if cell.cell_type == "code" and place not in locked
    ]
    found = {}
    for exercise, role in _solution_cells(released).items():
        try:
            source = solution([cells[i].source for i in code], load(exercise).entries)
        except (NoSolution, DoesNotParse):
            continue
        found[role.grade_id] = max(place for place in code if cells[place].source == source)
    return found


def _solution_cells(released: Iterable[Released]) -> dict[str, Released]:
    """The released solution cell of each exercise that a check asks for: the only one, or the one
    whose stub defines what the exercise asks for."""
    roles = list(released)
    cells = [role for role in roles if role.solution and not role.grade]
    asked = dict.fromkeys(role.check[0] for role in roles if role.check is not None)
    found = {}
    for exercise in asked:
        try:
            entries = load(exercise).entries
        except UnknownName:
            continue
        if len(asked) == len(cells) == 1:
            found[exercise] = cells[0]
            continue
        for cell in cells:
            with suppress(NoSolution, DoesNotParse):
                solution([cell.source], entries)
                found[exercise] = cell
    return found
