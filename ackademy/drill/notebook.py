"""A drill in a notebook: `start` one, then `answer`, cell by cell; or click, where there are
widgets. Nothing is graded.

To mend code, change it in a cell, run the cell, and call ``drill.answer()``: the last cell that
defines what is asked for is taken, as by ``check``.
"""

from pathlib import Path
from typing import Any

from ackademy import notebook
from ackademy.drill.catalogue import drill_of, listing
from ackademy.drill.sitting import Sitting, left_of
from ackademy.drill.steps import Choose, Mend, NotAnAnswer, Number, Question, Shown, ShowRun
from ackademy.show import Pieces, show
from graders import explain
from graders.cell import NoSolution, solution
from minibroker.sim.ticks import DoesNotParse

_at: Sitting | None = None
"""The drill that was started last."""


def drills() -> None:
    """Print which drills there are."""
    print(listing())


def start(name: str, seed: int = 0, again: bool = False) -> None:
    """Begin a drill, or go on with it where it was left; `again` begins it anew. Raises
    `graders.spec.UnknownName`."""
    global _at
    _at = Sitting(drill_of(name), Path.cwd(), seed, again)
    print(f"{_at.opening()}\n")
    _tell(_at, clicked=False)


def answer(value: object = None) -> None:
    """Answer the question that was asked last: the number of an option, from 1, or its words; a
    number; nothing for code, which is taken from the last cell that defines it."""
    _answer(value, clicked=False)


def _answer(value: object, clicked: bool) -> None:
    if _at is None or _at.session.asked is None:
        print('no drill is waiting for an answer; begin one with drill.start("poison_message")')
        return
    try:
        _at.reply(_read(_at.session.asked, value))
    except (NotAnAnswer, NoSolution, DoesNotParse) as error:
        print(f"{error}.")
    else:
        _tell(_at, clicked)


def _read(question: Question, value: object) -> float | str:
    if isinstance(question, Mend):
        return solution(notebook._cells(), question.entries)
    return question.read("" if value is None else str(value))


def _tell(sitting: Sitting, clicked: bool) -> None:
    """Show what the drill shows, and ask what it asks."""
    for step in sitting.session.shown:
        _show(step)
    question = sitting.session.asked
    if question is None:
        return
    if isinstance(question, Mend):
        names = " and ".join(question.entries)
        print(f"Change {names} in a cell of its own, run the cell, then run drill.answer().")
        _offer_cell(question.starter, clicked)
    else:
        _ask(question, sitting.seconds)
    _offer_buttons(question)


def _show(step: Shown) -> None:
    if isinstance(step, ShowRun):
        svg = explain.run_svg(step.run, step.findings)
        show(Pieces(svg, explain.run_text(step.run, step.findings)))
    else:
        print(f"{step.text}\n")


def _ask(question: Choose | Number, seconds: float) -> None:
    timed = "" if question.minutes is None else f"[{left_of(question.minutes, seconds)}] "
    print(f"{timed}{question.question}")
    if isinstance(question, Choose):
        for place, option in enumerate(question.options, start=1):
            print(f"  {place}. {option}")
        print("Click, or run drill.answer(NUMBER).")
    else:
        print(f"Run drill.answer(NUMBER), a number of {question.unit}.")


def _offer_cell(source: str, clicked: bool) -> None:
    """Put the source into a new cell below. A click has no cell to put it below."""
    shell: Any = notebook._shell()
    if clicked or shell is None:
        print(f"The code to change:\n\n{source}")
    else:
        shell.set_next_input(source)


def _offer_buttons(question: Question) -> None:
    if notebook._shell() is None:
        return
    from ackademy.drill.buttons import offer

    def give(value: object) -> None:
        # It may have been answered in a cell since, or another drill begun.
        if _at is not None and _at.session.asked == question:
            _answer(value, clicked=True)

    offer(question, give)
