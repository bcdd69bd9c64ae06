"""``ackademy new exercise``: the files that an author fills in.

What is written loads, can be released and passes the linters, so nothing else breaks meanwhile;
each part still to write is marked, and ``ackademy dev check NAME`` lists them.
"""

import json
import keyword
import re
from pathlib import Path
from typing import Any

from ackademy.cells import CannotDo
from ackademy.dev.layout import Layout

PACKAGE = '"""The exercise {name}."""\n'

SPEC = '''\
"""TODO: say in one sentence what the learner's code must keep.

Goal: TODO: what the exercise teaches. Non-goals: TODO: what it leaves to other exercises.
"""

from graders.spec import Check, Role, Spec
from graders.stage import Owes, Stage


def scenario(stage: Stage) -> None:
    """TODO: what happens to the learner's code; draw names and numbers from stage.chance."""
    stage.queue("orders")
    cents = stage.chance.randrange(500, 9_900)
    stage.publish(
        0.0,
        "orders",
        {{"id": "order-1", "cents": cents}},
        owes=Owes("charge", "order-1", {{"cents": cents}}),
    )


SPEC = Spec(
    name="{name}",
    version=1,
    # TODO: the functions that the learner writes, and the clients that each is given.
    roles=(Role("worker", {{"channel": "pika.channel", "payments": "payments"}}),),
    scenario=scenario,
    checks=(
        # TODO: the promises, each with points and the anomalies that break it.
        Check("nothing_lost", 1, ("lost_message",), "every order that was taken is charged"),
    ),
    lesson="{lesson}",
)
'''

HINTS = """\
# Hints: {name}

## TODO: a question that points to where the trouble is

TODO: what the learner should look at.

## TODO: a question that points to the mechanism

TODO: why it happens.

## TODO: a question that points to the remedy

TODO: what to use, without writing the code.
"""

TASK = """\
# Exercise: TODO: a title

TODO: what arrives, what the learner writes, and the promise that it must keep."""

SOLUTION = """\
import json


def worker(channel, payments):
    ### BEGIN SOLUTION
    # TODO: the solution; what stands between these marks is taken out of the release.
    raise NotImplementedError()
    ### END SOLUTION"""


def new_exercise(layout: Layout, name: str, lesson: str = "") -> list[Path]:
    """Write the files of a new exercise; gives their paths.

    Raises `CannotDo` for a name that cannot be one or is taken, and then writes nothing.
    """
    _refuse(layout, name, lesson)
    spec = layout.specs / name
    written = {
        spec / "__init__.py": PACKAGE.format(name=name),
        spec / "spec.py": SPEC.format(name=name, lesson=lesson),
        spec / "hints.md": HINTS.format(name=name),
        layout.solution(name): _notebook(name),
    }
    for folder in (spec / "wheats", spec / "chaffs", layout.solution(name).parent):
        folder.mkdir(parents=True, exist_ok=True)
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return [*written, spec / "wheats", spec / "chaffs"]


def _refuse(layout: Layout, name: str, lesson: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise CannotDo(
            f"{name!r} is no name for an exercise; use small letters and digits with underscores "
            "between words, such as dead_letter_queue"
        )
    if name in layout.names():
        raise CannotDo(f"there is a {name} already; choose another name")
    if lesson and not re.fullmatch(r"[0-9]{2}_[a-z0-9_]+", lesson):
        raise CannotDo(
            f"{lesson!r} is no name of a lesson; give its notebook's without .ipynb, such as "
            "07_dead_letter_queue"
        )


def _notebook(name: str) -> str:
    mark = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}
    answer = {**mark, "grade_id": f"{name}-solution", "solution": True}
    grade = {
        **mark, "grade_id": f"{name}-nothing_lost", "grade": True, "locked": True, "points": 1,
    }  # fmt: skip
    notebook = {
        "cells": [
            _cell("title", TASK),
            _cell("helpers", "from ackademy import check, judge, timeline", {}),
            _cell("solution", SOLUTION, {"nbgrader": answer}),
            _cell(
                "nothing-lost-text", "**Nothing is lost.** Every order that was taken is charged."
            ),
            _cell("check-nothing-lost", f'check("{name}", "nothing_lost")', {"nbgrader": grade}),
        ],
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(name: str, source: str, code: dict[str, Any] | None = None) -> dict[str, Any]:
    """A text cell, or with the metadata of one a code cell."""
    lines = source.splitlines(keepends=True)
    if code is None:
        return {"cell_type": "markdown", "id": name, "metadata": {}, "source": lines}
    return {
        "cell_type": "code", "execution_count": None, "id": name, "metadata": code,
        "outputs": [], "source": lines,
    }  # fmt: skip
