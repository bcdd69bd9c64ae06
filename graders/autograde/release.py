"""Learners' notebooks from solution notebooks, the same bytes every time.

This is nbgrader's own GenerateAssignment, as ``nbgrader generate_assignment --no-db`` runs it:
a release for the repository is in no gradebook.
"""

import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.converters import GenerateAssignment, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.log import get_logger

from graders.autograde.config import configure
from graders.autograde.contract import problems
from graders.spec import load


class NotReleasable(ValueError):
    """The solution notebook is not what it has to be; the text says what is wrong with it."""


def generate(course_dir: Path, name: str, into: Path) -> Path:
    """Make the release of exercise `name` from ``course_dir/solutions``; gives its notebook.

    ``into/<name>`` is replaced, with all that was in it. Raises `NotReleasable` and
    `graders.spec.UnknownName`, and then changes nothing.
    """
    source = course_dir / "solutions" / name / f"{name}.ipynb"
    if not source.is_file():
        raise NotReleasable(f"there is no {source}; write the exercise there")
    # Not nbformat.read, which makes up an id for a cell that has none.
    notebook = nbformat.v4.reads(source.read_text(encoding="utf-8"))
    if wrong := problems(notebook, load(name)):
        raise NotReleasable(f"{source}: " + "; ".join(wrong))
    with TemporaryDirectory() as scratch:
        _convert(course_dir.resolve(), name, Path(scratch).resolve())
        made = Path(scratch, "release", name)
        if (into / name).exists():
            shutil.rmtree(into / name)
        shutil.copytree(made, into / name)
    return into / name / f"{name}.ipynb"


def _convert(course_dir: Path, name: str, scratch: Path) -> None:
    config = Config()
    configure(config)
    config.CourseDirectory.root = str(course_dir)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = str(scratch / "release")
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    config.CourseDirectory.assignment_id = name
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    # nbgrader's exception says only that the log says more.
    said = _Errors()
    log = logging.getLogger(get_logger().name)
    log.addHandler(said)
    try:
        converter.start()
    except NbGraderException:
        raise NotReleasable(f"nbgrader cannot make {name}: {said.text}") from None
    finally:
        log.removeHandler(said)


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.text += self.format(record) + "\n"
