"""Putting released cells where they were among the learner's own.

As many as can stay where they are do; the others go after the released cell that they followed.
A solution cell is the learner's and is never moved.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from graders.autograde.released import Released

Cell = TypeVar("Cell")


def arranged(
    cells: Sequence[tuple[Released | None, Cell]],
    released: Sequence[Released],
    new: Callable[[Released], Cell],
) -> tuple[list[Cell], list[Released]]:
    """The cells in their order, and what had to be moved. `cells` come with what they are, None
    for the learner's own; those that must be there and are missing are made by `new`."""
    ranks = {role: rank for rank, role in enumerate(released)}
    there = {role: cell for role, cell in cells if role is not None}
    stay = longest_rising([ranks[role] for role in there])
    moved = [role for role in released if role in there and role.locked and ranks[role] not in stay]
    # By its rank, or None for what is no guide to where another belongs.
    left = [
        (ranks[role] if role is not None and ranks[role] in stay else None, cell)
        for role, cell in cells
        if role not in moved
    ]
    for role, rank in ranks.items():
        if role in moved:
            left.insert(_place(left, rank), (rank, there[role]))
        elif role.must_be_there and role not in there:
            left.insert(_place(left, rank), (rank, new(role)))
    return [cell for _, cell in left], moved


def _place(cells: Sequence[tuple[int | None, Cell]], rank: int) -> int:
    """Right after the nearest released cell that came before; else right before the nearest
    that came after; else last."""
    places = {other: place for place, (other, _) in enumerate(cells) if other is not None}
    if before := [other for other in places if other < rank]:
        return places[max(before)] + 1
    if places:
        return places[min(places)]
    return len(cells)


def longest_rising(ranks: Sequence[int]) -> list[int]:
    """The longest part of a sequence, not necessarily together, that rises.

    >>> longest_rising([3, 0, 1, 2])
    [0, 1, 2]
    """
    best: list[list[int]] = []
    for rank in ranks:
        before = [part for part in best if part[-1] < rank]
        best.append([*max(before, key=len, default=[]), rank])
    return max(best, key=len, default=[])
