"""A course in a folder of its own, with one exercise and one lesson, with which all is well."""

import importlib
import sys
from pathlib import Path

import pytest
from nbformat import read, write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ackademy.dev.layout import Layout
from graders import content, hints, spec
from graders.check import _checked

NAME = "charge_once"
STEM = "01_charge_once"

SPEC = '''\
"""One order, one worker.

Goal: charge once. Non-goals: everything else.
"""

from graders.spec import Check, Role, Spec
from graders.stage import Owes


def scenario(stage):
    stage.queue("orders")
    body = {"id": "order-1", "cents": 4200}
    stage.publish(0.0, "orders", body, owes=Owes("charge", "order-1", {"cents": 4200}))


SPEC = Spec(
    name="charge_once",
    version=1,
    roles=(Role("worker", {"channel": "pika.channel", "payments": "payments"}),),
    scenario=scenario,
    checks=(
        Check("nothing_lost", 1, ("lost_message",), "the order that was taken is charged"),
        Check("charged_once", 1, ("duplicate_effect",), "the order is not charged twice"),
        Check("queue_drained", 1, ("stuck",), "the message is settled in the end"),
    ),
    lesson="01_charge_once",
)
'''


def worker(*lines: str) -> str:
    """A worker that does this with each order."""
    body = "\n".join(f"        {line}" for line in lines)
    return f"""\
import json


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
{body}"""


CHARGE = 'payments.charge(order["id"], order["cents"])'
CHARGE_WITH_KEY = 'payments.charge(order["id"], order["cents"], idempotency_key=order["id"])'
ACK = "channel.basic_ack(method.delivery_tag)"
GOOD = worker(CHARGE_WITH_KEY, ACK)
WHEATS = {
    "key_first": worker('key = order["id"]', CHARGE_WITH_KEY, ACK),
    "acks_all": worker(CHARGE_WITH_KEY, "channel.basic_ack(method.delivery_tag, multiple=True)"),
}
CHAFFS = {
    "ack_first": ("lost_message", worker(ACK, CHARGE)),
    "no_ack": ("stuck", worker(CHARGE_WITH_KEY)),
    "no_key": ("duplicate_effect", worker(CHARGE, ACK)),
}
HINTS = "".join(f"## Question {number}?\n\nLook there.\n\n" for number in (1, 2, 3))
SOLUTION = worker("### BEGIN SOLUTION", CHARGE_WITH_KEY, ACK, "### END SOLUTION")


def chaff(anomaly: str, source: str) -> str:
    """A chaff's file."""
    return f'"""Wrong.\n\nanomaly: {anomaly}\n"""\n\n{source}\n'


def fill(place: Path) -> None:
    """Write an exercise's folder in graders/specs as its author would."""
    texts = {"__init__.py": '"""Lesson 01."""\n', "spec.py": SPEC, "hints.md": HINTS}
    texts |= {f"wheats/{name}.py": source for name, source in WHEATS.items()}
    texts |= {f"chaffs/{name}.py": chaff(*about) for name, about in CHAFFS.items()}
    for path, text in texts.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")


def solution_notebook():
    """The solution notebook with outputs that it could have had."""
    mark = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}
    answer = {**mark, "grade_id": f"{NAME}-solution", "solution": True}
    cells = [
        new_markdown_cell("# Charge once", id="title"),
        new_code_cell("from ackademy import check", id="helpers", execution_count=1),
        new_code_cell(SOLUTION, id="solution", execution_count=2, metadata={"nbgrader": answer}),
    ]
    for number, check in enumerate(("nothing_lost", "charged_once", "queue_drained"), start=3):
        grade = {**mark, "grade_id": f"{NAME}-{check}", "grade": True, "locked": True, "points": 1}
        shown = new_output("execute_result", {"text/plain": "1"}, execution_count=number)
        cells.append(
            new_code_cell(
                f'check("{NAME}", "{check}")',
                id=check.replace("_", "-"),
                execution_count=number,
                outputs=[shown],
                metadata={"nbgrader": grade},
            )
        )
    return notebook(*cells)


def notebook(*cells):
    """A notebook of these cells."""
    return new_notebook(
        cells=list(cells), metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )


class Course:
    """The course's folder, and what tests do to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layout = Layout(root)
        self.spec = self.layout.specs / NAME
        fill(self.spec)
        (self.layout.specs / "__init__.py").write_text("")
        self.save(self.layout.solution(NAME), solution_notebook())
        link = f"[next](../answers/{NAME}/{NAME}.ipynb)"
        self.save(self.layout.lesson(STEM), notebook(new_markdown_cell(link, id="turn")))
        self.release()

    def save(self, path: Path, book) -> Path:
        """Write a notebook."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write(book, path)
        return path

    def release(self) -> None:
        """Make exercises/ anew."""
        from graders.autograde.release import generate

        generate(self.root, NAME, self.root / "exercises")

    def change(self, path: Path, old: str, new: str) -> None:
        """Replace a text in a file, which must be there."""
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        forget()

    def change_spec(self, old: str, new: str) -> None:
        """Replace a text in spec.py."""
        self.change(self.spec / "spec.py", old, new)

    def change_cells(self, path: Path, change) -> None:
        """Do something to the cells of a notebook, by their ids."""
        book = read(path, 4)
        change({cell.id: cell for cell in book.cells})
        write(book, path)


def forget() -> None:
    """Have specs and verdicts read anew."""
    for name in [name for name in sys.modules if name.startswith("graders.specs.")]:
        del sys.modules[name]
    spec.load.cache_clear()
    _checked.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The course of this module is the one there is."""
    import graders.specs

    specs = tmp_path / "graders" / "specs"
    for module in (content, hints, spec):
        monkeypatch.setattr(module, "FOLDER", specs)
    monkeypatch.setattr(graders.specs, "__path__", [str(specs)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a spec is written twice in a second
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # nbgrader reads the user's own settings
    monkeypatch.chdir(tmp_path)
    forget()
    yield Course(tmp_path)
    forget()
