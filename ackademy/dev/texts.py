"""What an exercise says: hints, and nothing of the scaffold left to write."""

import json
import re
from pathlib import Path

from ackademy.cells import CannotDo, cells_of
from ackademy.dev.layout import Layout, files
from ackademy.dev.wording import many
from graders.hints import hints

FEWEST_HINTS = 3
TODO = re.compile(r"\bTODO\b:?[ \t]*(?P<what>(?:(?!TODO).)*)")


def hints_given(layout: Layout, name: str) -> list[str]:
    """An exercise has three hints or more, and each says something."""
    path = layout.specs / name / "hints.md"
    shown = layout.shown(path)
    if not path.is_file():
        return [f"there is no {shown}; write {FEWEST_HINTS} hints or more, each under a '## '"]
    given = hints(name)
    wrong = [
        f"the hint '{hint.title}' in {shown} is empty; write what it says"
        for hint in given
        if not hint.text
    ]
    if len(given) < FEWEST_HINTS:
        wrong.append(
            f"{shown} has {many(len(given), 'hint')}; write {FEWEST_HINTS} or more, each under a "
            "'## ' and each giving away a little more"
        )
    return wrong


def todos(layout: Layout, name: str) -> list[str]:
    """Nothing is left as ``ackademy new exercise`` wrote it."""
    written = [
        *(path for path in files(layout.specs / name) if path.suffix in {".md", ".py"}),
        layout.solution(name),
    ]
    return [wrong for path in written if path.is_file() for wrong in _todos(layout, path)]


def _todos(layout: Layout, path: Path) -> list[str]:
    shown = layout.shown(path)
    if path.suffix == ".ipynb":
        sources = [(f"the cell {cell}", source) for cell, source in _cells(path)]
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        sources = [(f"line {number}", line) for number, line in enumerate(lines, start=1)]
    return [
        f"{shown}, {where}: still to do: {match['what'].strip()}"
        for where, source in sources
        for match in TODO.finditer(source)
    ]


def _cells(path: Path) -> list[tuple[str, str]]:
    """All cells of a notebook, texts too, by their ids."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell.get("id", "?"), "".join(cell["source"])) for cell in cells]
    except (ValueError, KeyError, TypeError):
        raise CannotDo(f"{path} is no notebook; save it again in JupyterLab") from None


def starter(layout: Layout, name: str) -> list[str]:
    """The starter passes no check: a learner who did nothing must not be told otherwise."""
    from graders.check import check_cells

    path = layout.release(name)
    if not path.is_file():
        return []  # another check says so
    try:
        verdicts = check_cells(name, cells_of(path))
    except CannotDo as error:
        return [str(error)]
    return [
        f"the starter in {layout.shown(path)} already passes the check {verdict.check}; take "
        "more out of the solution cell, or make the scenario ask for more"
        for verdict in verdicts
        if verdict.outcome == "pass"
    ]
