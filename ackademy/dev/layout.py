"""Where the parts of the course lie in a checkout."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ackademy.cells import CannotDo, course_root
from graders import spec

CACHES = frozenset({".ipynb_checkpoints", "__pycache__"})
"""Folders that tools leave behind and that no rule speaks about."""


@dataclass(frozen=True)
class Layout:
    """A course by its root folder."""

    root: Path

    @property
    def specs(self) -> Path:
        """The folder of all specs."""
        return self.root / "graders" / "specs"

    def lesson(self, stem: str) -> Path:
        """The notebook of a lesson."""
        return self.root / "course" / f"{stem}.ipynb"

    def solution(self, name: str) -> Path:
        """The notebook in which an exercise is written."""
        return self.root / "solutions" / name / f"{name}.ipynb"

    def release(self, name: str) -> Path:
        """The notebook that a learner gets."""
        return self.root / "exercises" / name / f"{name}.ipynb"

    def is_exercise(self, name: str) -> bool:
        """Whether it is one. A spec without a folder in solutions/ is a lesson's experiment, a
        drill or a further part of an exercise."""
        return bool(files(self.root / "solutions" / name))

    def lessons(self) -> list[str]:
        """All lessons' stems."""
        return sorted(path.stem for path in (self.root / "course").glob("*.ipynb"))

    def names(self) -> list[str]:
        """All names that have a folder in graders/specs, solutions or exercises."""
        places = (self.specs, self.root / "solutions", self.root / "exercises")
        return sorted({folder.name for place in places for folder in _folders(place)})

    def shown(self, path: Path) -> str:
        """A path as it is written in a sentence."""
        return path.relative_to(self.root).as_posix()


def layout() -> Layout:
    """The course that this command stands in; it must be the one whose specs are imported."""
    found = Layout(course_root())
    if spec.FOLDER.resolve() != found.specs.resolve():
        raise CannotDo(
            f"this ackademy has its specs in {spec.FOLDER}, the course here has them in "
            f"{found.specs}; use the ackademy of this checkout (make test builds it)"
        )
    return found


def files(folder: Path) -> list[Path]:
    """All files below a folder, but for those in caches."""
    return sorted(_below(folder)) if folder.is_dir() else []


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if not path.is_dir():
            yield path
        elif path.name not in CACHES:
            yield from _below(path)


def _folders(place: Path) -> list[Path]:
    """The folders in which something lies: a branch that is left leaves its caches behind."""
    if not place.is_dir():
        return []
    return [path for path in place.iterdir() if path.name not in CACHES and files(path)]
