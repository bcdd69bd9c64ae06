"""Reading a learner's cells from a file, as plain JSON: nbformat would cost a second."""

import json
from pathlib import Path


class CannotDo(Exception):
    """What was asked cannot be done; the sentence says why and what to do."""


def course_root() -> Path:
    """The folder of the course: this one or the nearest above it that has course/."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "course").is_dir() and (folder / "exercises").is_dir():
            return folder
    raise CannotDo(f"{here} is not inside the course; change to its folder, or use --file")


def notebook_of(exercise: str) -> Path:
    """The learner's notebook of an exercise: in answers/, or else the release in exercises/."""
    root = course_root()
    if not (root / "exercises" / exercise).is_dir():
        from graders.spec import whole_of  # only now: it looks into every spec

        exercise = whole_of(exercise) or exercise
    for folder in ("answers", "exercises"):
        path = root / folder / exercise / f"{exercise}.ipynb"
        if path.is_file():
            return path
    raise CannotDo(f"there is no {path}; give your notebook or .py file with --file")


def cells_of(path: Path) -> list[str]:
    """The sources of a notebook's code cells, in order; a .py file is one cell."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{path} cannot be read ({error}); give another file with --file") from None
    if path.suffix != ".ipynb":
        return [text]
    try:
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CannotDo(f"{path} is no notebook; save it again in JupyterLab") from None
