"""Lessons and exercises belong together: every one has the other, and the reader finds it.

A spec names its lesson, the stem of a notebook in ``course/``. A lesson links to the notebook of
each of its exercises, or to one of another lesson if it has none, and uses each of its experiments
or sends the reader to the drill (specs without a folder in solutions/). A further part of an
exercise stands in that exercise's notebook.
"""

from ackademy.cells import cells_of
from ackademy.dev.layout import Layout
from graders.spec import load, whole_of


def lesson_of(layout: Layout, name: str) -> list[str]:
    """The spec's lesson is there and leads to it."""
    if whole_of(name):
        return []  # its checks are asked for where the release is made
    stem = load(name).lesson
    if not stem:
        return [
            'its spec names no lesson; add lesson="NN_name" to SPEC in '
            f"{layout.shown(layout.specs / name / 'spec.py')}"
        ]
    path = layout.lesson(stem)
    if not path.is_file():
        return [f"its lesson {layout.shown(path)} is not there; write it, or correct the name"]
    if layout.is_exercise(name):
        link = f"{name}/{name}.ipynb)"
        if link not in path.read_text(encoding="utf-8"):
            return [
                f"{layout.shown(path)} does not lead to it; add the link "
                f"[{name}](../answers/{name}/{name}.ipynb)"
            ]
    elif f"ackademy drill {name}" not in path.read_text(encoding="utf-8") and not any(
        f'"{name}"' in source for source in cells_of(path)
    ):
        return [
            f'no cell of {layout.shown(path)} uses the experiment "{name}"; use it, or write '
            f"{layout.shown(layout.solution(name))} if it is an exercise"
        ]
    return []


def exercise_of(layout: Layout, stem: str) -> list[str]:
    """A lesson has an exercise, or ends in one of another lesson."""
    for name in layout.names():
        try:
            if layout.is_exercise(name) and load(name).lesson == stem:
                return []
        except Exception:  # a spec that cannot be loaded is reported with its exercise
            continue
    text = layout.lesson(stem).read_text(encoding="utf-8")
    exercises = (name for name in layout.names() if layout.is_exercise(name))
    if any(f"(../answers/{name}/{name}.ipynb)" in text for name in exercises):
        return []
    return [f'no exercise belongs to it; add lesson="{stem}" to the SPEC of the one that does']
