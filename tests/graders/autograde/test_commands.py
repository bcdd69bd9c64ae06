"""nbgrader's own commands, with the configuration of this repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets.config import Config

from graders.autograde.config import configure
from tests.graders.autograde.course import CORRECT, NAME, REPOSITORY, new_course


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
def test_nbgrader_autograde_grades_by_it(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    course = new_course(tmp_path)
    course.submit("ann", CORRECT)
    course.submission("bea").parent.mkdir(parents=True)
    course.submission("bea").write_text("{")
    course.submit("cem", CORRECT)
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    graded = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", NAME],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert graded.returncode == 1
    assert f"{course.submission('bea')} is not graded: it is no notebook" in graded.stderr
    for student in ("ann", "cem"):
        assert sum(score or 0.0 for score in course.scores(student).values()) == 10.0


def test_an_environment_need_not_be_activated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("alembic") is None
    configure(Config())
    assert shutil.which("alembic") is not None
