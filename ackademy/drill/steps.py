"""The steps of a drill: what it shows and what it asks.

A drill is a generator. It yields a step, and is sent a `Reply` for each step that asks. It does
no I/O and knows no clock: a front end shows the steps, reads the answers and says how many
seconds have passed. So the same replies always make the same drill.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graders.judges import Finding
from graders.stage import Run


class NotAnAnswer(ValueError):
    """What was typed is no answer to the question; the sentence says what would be one."""


@dataclass(frozen=True)
class Show:
    """Something to read. `again`: it is needed to answer what follows, so it is shown once more
    to somebody who comes back."""

    text: str
    again: bool = False


@dataclass(frozen=True)
class ShowRun:
    """The timeline of a run."""

    run: Run
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Choose:
    """Pick one of the options; answered by its place, from 0. `minutes`: how long the whole drill
    should take, where it is timed."""

    question: str
    options: tuple[str, ...]
    minutes: float | None = None

    def read(self, text: str) -> int:
        """An option by its number, from 1, or by its words."""
        said = text.strip()
        if said in self.options:
            return self.options.index(said)
        if said.isascii() and said.isdigit() and 1 <= int(said) <= len(self.options):
            return int(said) - 1
        raise NotAnAnswer(
            f"{said!r} is none of the options; give a number, 1 to {len(self.options)}"
        )


@dataclass(frozen=True)
class Number:
    """Give a number, counted in `unit`."""

    question: str
    unit: str
    minutes: float | None = None

    def read(self, text: str) -> float:
        """A number above 0; the unit may follow it."""
        said = text.strip().removesuffix(self.unit).strip()
        try:
            value = float(said)
        except ValueError:
            value = math.nan
        if not (0 < value < math.inf):
            raise NotAnAnswer(
                f"{text.strip()!r} is no number of {self.unit}; write it as 1200 or 0.5"
            )
        return value


@dataclass(frozen=True)
class Mend:
    """Change `starter`, kept in a file of that name, until it does what it should; answered by the
    whole source as it is now. `entries` are the names that it must define."""

    file: str
    starter: str
    entries: tuple[str, ...]


Shown: TypeAlias = Show | ShowRun
Question: TypeAlias = Choose | Number | Mend
Step: TypeAlias = Shown | Question


@dataclass(frozen=True)
class Reply:
    """An answer: the place of an option, a number, or a source; and the seconds the whole drill
    has taken so far."""

    value: float | str
    seconds: float = 0.0

    @property
    def place(self) -> int:
        """The answer to a `Choose`."""
        return int(self.value)

    @property
    def number(self) -> float:
        """The answer to a `Number`."""
        return float(self.value)

    @property
    def source(self) -> str:
        """The answer to a `Mend`."""
        return str(self.value)


Script: TypeAlias = Generator[Step, Reply | None, None]


def ask(question: Question) -> Generator[Step, Reply | None, Reply]:
    """Ask and give the reply; a script says ``yield from ask`` of a question."""
    reply = yield question
    assert reply is not None, "a front end sends a reply to every question"
    return reply
