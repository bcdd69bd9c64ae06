"""A drill in a terminal: prints what it shows, reads a line for each question.

The learner's file is written into the folder once and never again.
"""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ackademy.cells import cells_of
from ackademy.drill.sitting import Sitting, left_of
from ackademy.drill.steps import Choose, Mend, NotAnAnswer, Number, Question, Shown, ShowRun
from graders import explain

WIDTH = 96


@dataclass(frozen=True)
class Terminal:
    """Lines out and in: `read` takes the prompt."""

    read: Callable[[str], str] = input
    write: Callable[[str], object] = print

    def run(self, sitting: Sitting) -> int:
        """Go through a drill; 0 when it came to its end, 1 when it was left."""
        self.write(f"{sitting.opening()}\n")
        session, back = sitting.session, sitting.resumed
        try:
            while True:
                for step in session.shown:
                    self._show(step)
                if session.asked is None:
                    return 0
                sitting.reply(self._answer(session.asked, sitting, back))
                back = False
        except (EOFError, KeyboardInterrupt):
            self.write(f"\n{sitting.closing()}")
            return 1

    def _show(self, step: Shown) -> None:
        if isinstance(step, ShowRun):
            self.write(explain.run_text(step.run, step.findings))
        else:
            self.write(f"{wrapped(step.text)}\n")

    def _answer(self, question: Question, sitting: Sitting, back: bool) -> float | str:
        if isinstance(question, Mend):
            return self._mended(question, sitting.folder, at_once=back)
        self.write(_asked(question, sitting.seconds))
        while True:
            try:
                value = question.read(self.read("> "))
            except NotAnAnswer as error:
                self.write(f"{error}.")
            else:
                self.write("")
                return value

    def _mended(self, question: Mend, folder: Path, at_once: bool) -> str:
        path = folder / question.file
        if not path.exists():
            path.write_text(question.starter, encoding="utf-8")
            self.write(f"The code is in {path}.")
        # Who comes back with a changed file wants to hear about it.
        if at_once and _source(path) != question.starter:
            return _source(path)
        self.read(f"Change {path.name}, save it, and press Enter to have it checked. ")
        while (source := _source(path)) == question.starter:
            self.read(f"\n{path.name} is as it was; change it, save it, and press Enter. ")
        self.write("")
        return source


def wrapped(text: str) -> str:
    """The text within the width, line by line; what goes on below keeps its line's indent."""
    return "\n".join(map(_wrapped, text.split("\n")))


def _wrapped(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    hang = "  " if indent or line[0] in "✓✗?!" else ""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=indent + hang, break_on_hyphens=False, break_long_words=False
    )


def _asked(question: Choose | Number, seconds: float) -> str:
    asked = question.question
    if question.minutes is not None:
        asked = f"[{left_of(question.minutes, seconds)}] {asked}"
    if isinstance(question, Number):
        return f"{wrapped(asked)}\n  (a number of {question.unit})"
    options = [f"  {place}. {text}" for place, text in enumerate(question.options, start=1)]
    return "\n".join([wrapped(asked), *options])


def _source(path: Path) -> str:
    """The learner's file, or `CannotDo`."""
    return "\n".join(cells_of(path))
