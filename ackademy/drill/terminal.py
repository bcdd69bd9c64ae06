"""A drill in a terminal: prints what it shows, reads a line for each question.

The learner's file is written into the folder once and never again. What was answered is kept
beside it, so a drill that was left goes on where it was.
"""

import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ackademy.cells import cells_of
from ackademy.drill.catalogue import Drill
from ackademy.drill.notes import keep, kept, notes_file
from ackademy.drill.session import Session
from ackademy.drill.steps import Choose, Mend, NotAnAnswer, Number, Reply, Show, ShowRun
from graders import explain

WIDTH = 96


class Left(Exception):
    """The learner has left: no more lines, or Ctrl+C."""


@dataclass
class Terminal:
    """Where a drill is run: lines in and out, a folder, and a clock in seconds."""

    folder: Path
    read: Callable[[str], str] = input
    write: Callable[[str], object] = print
    clock: Callable[[], float] = time.monotonic
    _since: float = field(default=0.0, init=False)

    def run(self, drill: Drill, seed: int = 0, again: bool = False) -> int:
        """Go through a drill; 0 when it was finished, 1 when it was left."""
        notes = notes_file(self.folder, drill.name)
        earlier = [] if again else kept(notes, seed)
        session = Session(drill.script(seed))
        session.catch_up(earlier)
        back = bool(session.replies)
        self._since = self.clock() - max((each.seconds for each in session.replies), default=0.0)
        self.write(f"{drill.title}\n")
        if back:
            self.write(
                f"Going on after {_count(len(session.replies), 'answer')}, kept in {notes.name}; "
                "--again starts anew.\n"
            )
        try:
            while True:
                self._show(session)
                if session.over:
                    break
                session.reply(self._answer(session.asked, back))
                back = False
                keep(notes, seed, session.replies)
        except (EOFError, KeyboardInterrupt):
            self.write(self._left(drill, session, seed))
            return 1
        notes.unlink(missing_ok=True)
        return 0

    def _left(self, drill: Drill, session: Session, seed: int) -> str:
        with_seed = f" --seed {seed}" if seed else ""
        return (
            f"\nYou left with {_count(len(session.replies), 'answer')} kept; "
            f"ackademy drill {drill.name}{with_seed} goes on from here."
        )

    def _show(self, session: Session) -> None:
        for step in session.shown:
            if isinstance(step, Show):
                self.write(wrapped(step.text) + "\n")
            else:
                self.write(explain.run_text(step.run, step.findings))

    def _answer(self, question: object, back: bool) -> Reply:
        match question:
            case Mend():
                return self._mended(question, at_once=back)
            case Choose() | Number():
                return self._chosen(question)
        raise AssertionError(question)

    def _chosen(self, question: Choose | Number) -> Reply:
        self.write(self._asked(question))
        while True:
            line = self.read("> ")
            try:
                value = question.read(line)
            except NotAnAnswer as error:
                self.write(f"{error}.")
                continue
            self.write("")
            return Reply(value, self._seconds())

    def _asked(self, question: Choose | Number) -> str:
        lines = [wrapped(question.question)]
        if question.minutes is not None:
            lines[0] = f"[{_left_of(question.minutes * 60 - self._seconds())}] {lines[0]}"
        if isinstance(question, Choose):
            lines += [f"  {place}. {text}" for place, text in enumerate(question.options, start=1)]
        else:
            lines.append(f"  (a number, in {question.unit})")
        return "\n".join(lines)

    def _mended(self, question: Mend, at_once: bool) -> Reply:
        path = self.folder / question.file
        if not path.exists():
            path.write_text(question.starter, encoding="utf-8")
            self.write(f"The worker is in {path}.")
        # Who comes back with a changed file wants to hear about it.
        if not (at_once and _source(path) != question.starter):
            self.read(f"Change {path.name}, save it, and press Enter to have it checked. ")
            self.write("")
            while _source(path) == question.starter:
                self.read(f"{path.name} is as it was; change it, save it, and press Enter. ")
                self.write("")
        return Reply(_source(path), self._seconds())

    def _seconds(self) -> float:
        return round(self.clock() - self._since, 1)


def wrapped(text: str) -> str:
    """The text within the width; a line that is indented keeps its indent, code stays as it is."""
    return "\n".join(_wrapped_line(line) for line in text.split("\n"))


def _wrapped_line(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    hang = "  " if indent or line[0] in "✓✗?!" else ""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=indent + hang, break_on_hyphens=False, break_long_words=False
    )


def _source(path: Path) -> str:
    """The learner's file, or `CannotDo`."""
    return "\n".join(cells_of(path))


def _left_of(seconds: float) -> str:
    minutes, rest = divmod(round(abs(seconds)), 60)
    return f"{minutes}:{rest:02} {'left' if seconds >= 0 else 'over time'}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
