"""Finding the learner's solution among the cells, by the same rule in a kernel and in grading.

The solution is one cell: the last code cell that binds all entry names of the exercise at its
top level. It is found by parsing, not by running. A cell after it that does not parse and seems
to define them all is taken for the learner's latest try, and the verdict speaks about that one.
"""

import ast
import re
from collections.abc import Iterable, Sequence

from minibroker.sim.ticks import DoesNotParse, tree_of


class NoSolution(LookupError):
    """No cell binds the names; the text says what to do."""


def solution(cells: Iterable[str], entries: Sequence[str]) -> str:
    """The source of the solution cell.

    Raises `DoesNotParse` for a cell that would be it if it parsed, `NoSolution` when there is
    none.
    """
    for source in reversed(list(cells)):
        if not any(entry in source for entry in entries):
            continue
        try:
            bound = names_bound(tree_of(source))
        except DoesNotParse:
            if all(_seems_to_bind(source, entry) for entry in entries):
                raise
            continue
        if bound.issuperset(entries):
            return source
    wanted = " and ".join(entries)
    raise NoSolution(
        f"no cell defines {wanted}; write the function in one cell, run that cell, and run this "
        "check again"
    )


def names_bound(tree: ast.Module) -> set[str]:
    """The names that a cell binds at its top level: functions, classes, assignments, imports."""
    bound: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.ClassDef(name=name):
                bound.add(name)
            case ast.Assign(targets=targets):
                bound.update(name for target in targets for name in _stored(target))
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                bound.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                bound.update(a.asname or a.name.partition(".")[0] for a in aliases)
    return bound


def _stored(target: ast.expr) -> set[str]:
    """The names that a target binds; those it only reads, as in ``waiting[worker] = 1``, not."""
    names = (node for node in ast.walk(target) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def _seems_to_bind(source: str, entry: str) -> bool:
    name = re.escape(entry)
    return re.search(rf"^(async\s+)?(def\s+{name}\b|{name}\s*=)", source, re.MULTILINE) is not None
