"""What is generated and committed is what would be generated now."""

import json
import os
from pathlib import Path

import pytest

from ackademy.dev.pictures import pictures
from graders.autograde.release import generate
from graders.cell import solution
from graders.spec import load, with_parts

ROOT = Path(__file__).parents[2]
EXERCISES = sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())


def test_the_documentations_pictures_are_drawn_from_todays_code():
    for path, svg in pictures().items():
        assert (ROOT / path).read_text() == svg, f"{path} is stale; run ackademy dev pictures"


@pytest.mark.parametrize("name", EXERCISES)
def test_exercises_are_what_solutions_generate(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", os.fspath(tmp_path))  # nbgrader reads the user's own settings
    made = generate(ROOT, name, tmp_path)
    committed = ROOT / "exercises" / name
    assert sorted(p.name for p in made.parent.iterdir()) == sorted(
        p.name for p in committed.iterdir() if p.name != ".ipynb_checkpoints"
    )
    assert made.read_bytes() == (committed / made.name).read_bytes(), (
        f"exercises/{name} differs from what solutions/{name} gives; run make exercises"
    )


@pytest.mark.parametrize("name", EXERCISES)
def test_a_released_exercise_has_a_grade_cell_for_each_check(name):
    notebook = json.loads((ROOT / "exercises" / name / f"{name}.ipynb").read_text())
    graded = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell["metadata"]["nbgrader"]["points"]
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade")
    }
    assert graded == {
        f"{part.name}-{check.id}": check.points
        for part in with_parts(load(name))
        for check in part.checks
    }


@pytest.mark.parametrize("name", EXERCISES)
def test_a_released_exercise_has_a_solution_cell_for_each_of_its_parts(name):
    notebook = json.loads((ROOT / "exercises" / name / f"{name}.ipynb").read_text())
    sources = [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    ]
    parts = with_parts(load(name))
    assert len(sources) == len(parts)
    assert {solution(sources, part.entries) for part in parts} == {*sources}


def test_there_is_an_exercise_for_each_solution_and_no_other():
    released = sorted(p.name for p in (ROOT / "exercises").iterdir() if p.is_dir())
    assert released == EXERCISES
