"""Files that lie where they have no place, so that nobody ships or trusts them by accident.

What git ignores is not looked at. A picture or a table beside a notebook has its place when the
notebook names it; a module beside a ``spec.py`` when a module there imports it.
"""

import ast
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ackademy.dev.layout import CACHES, Layout, files


def of_exercise(layout: Layout, name: str) -> list[str]:
    """What is stray in an exercise's folders. The release is compared file by file elsewhere."""
    spec = layout.specs / name
    solution = layout.solution(name)
    beside = _named_in([solution], solution.parent)
    return _strays(
        layout,
        [
            *(path for path in files(spec) if not _belongs(path.relative_to(spec), spec)),
            *(path for path in files(solution.parent) if path not in beside),
        ],
    )


def of_course(layout: Layout) -> list[str]:
    """What is stray between the lessons, and loose beside the exercises' folders."""
    course = layout.root / "course"
    lessons = sorted(course.glob("*.ipynb"))
    beside = _named_in(lessons, course)
    loose = [
        path
        for place in (layout.root / "exercises", layout.root / "solutions", layout.specs)
        if place.is_dir()
        for path in sorted(place.iterdir())
        if path.is_file() and path != layout.specs / "__init__.py"
    ]
    return _strays(layout, [*(path for path in files(course) if path not in beside), *loose])


def _belongs(path: Path, spec: Path) -> bool:
    match path.parts:
        case ["__init__.py" | "spec.py" | "hints.md"]:
            return True
        case ["wheats" | "chaffs", name]:
            return name.endswith(".py")
        case [name] if name.endswith(".py"):
            return name.removesuffix(".py") in _imported(spec)
    return False


def _imported(spec: Path) -> set[str]:
    """The last parts of all that the modules of a spec import."""
    found: set[str] = set()
    for path in spec.glob("*.py"):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError:
            continue  # reported as a spec that cannot be loaded
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=aliases):
                    found.update(alias.name.rpartition(".")[2] for alias in aliases)
                case ast.ImportFrom(module=module, names=aliases):
                    found.add((module or "").rpartition(".")[2])
                    found.update(alias.name for alias in aliases)
    return found


def _named_in(notebooks: Iterable[Path], folder: Path) -> set[Path]:
    """The notebooks, and the files in a folder that one of them names by their path from there."""
    found = {path for path in notebooks if path.is_file()}
    texts = [path.read_text(encoding="utf-8") for path in found]
    return found | {
        path
        for path in files(folder)
        if any(path.relative_to(folder).as_posix() in text for text in texts)
    }


def _strays(layout: Layout, paths: list[Path]) -> list[str]:
    return [
        f"{layout.shown(path)} has no place there; remove it, or add it to .gitignore"
        for path in not_ignored(layout.root, paths)
    ]


def not_ignored(root: Path, paths: list[Path]) -> list[Path]:
    """The paths that git does not ignore; all where there is no git."""
    paths = [path for path in paths if not CACHES & set(path.parts)]
    if not paths:
        return []
    try:
        said = subprocess.run(
            ["git", "check-ignore", "-z", "--stdin"],
            cwd=root,
            input="\0".join(map(os.fspath, paths)).encode(),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return paths
    ignored = set(said.stdout.decode().split("\0")) if said.returncode == 0 else set()
    return [path for path in paths if os.fspath(path) not in ignored]
