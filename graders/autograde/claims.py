"""Which cell of a submission is which released one.

A cell claims it by the grade_id in its metadata, which learners' tools copy, split and strip.
Of several cells that claim to be one locked cell it is one that was left as it is, else the
first. The solution cell is the one that grading will take; for any other answer it is the last
one that claims it.
"""

from collections.abc import Iterable, Mapping, Sequence

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
        if graded is not None and graded not in held and _is_solution(role, released):
            held[graded] = role
            if not places:
                notes.append(
                    f"the solution cell `{role.grade_id}` had lost its mark and was found by what "
                    "it defines"
                )
            elif graded not in places:
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


def _is_solution(role: Released, released: Iterable[Released]) -> bool:
    """Whether it is the one cell that the checks are about."""
    solutions = [other for other in released if other.solution and not other.grade]
    return solutions == [role]


def _graded(
    cells: Sequence[NotebookNode], released: Iterable[Released], locked: Mapping[int, Released]
) -> int | None:
    """The place of the cell that grading will take for the solution, if there is one."""
    code = [
        place
        for place, cell in enumerate(cells)
        if cell.cell_type == "code" and place not in locked
    ]
    for role in released:
        if role.check is not None:
            exercise, _ = role.check
            try:
                source = solution([cells[i].source for i in code], load(exercise).entries)
            except (UnknownName, NoSolution, DoesNotParse):
                return None
            return max(place for place in code if cells[place].source == source)
    return None
