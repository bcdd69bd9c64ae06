"""A drill in a notebook: `start` one, then `answer`, cell by cell; or click, where there are
widgets. Nothing is graded.

To mend code, change it in a cell, run the cell, and call ``answer()``: the last cell that defines
what is asked for is taken, as by ``check``.
"""

from pathlib import Path
from typing import Any

from ackademy import notebook
from ackademy.drill.catalogue import drill_of, listing
from ackademy.drill.sitting import Sitting, left_of
from ackademy.drill.steps import Choose, Mend, NotAnAnswer, Number, ShowRun
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
    """Begin a drill, or go on with it where it was left; `again` begins it anew."""
    global _at
    _at = Sitting(drill_of(name), Path.cwd(), seed, again)
    print(f"{_at.opening()}\n")
    _tell(_at)


def answer(value: object = None) -> None:
    """Answer the question that was asked last: the number of an option, from 1, or its words; a
    number; nothing for code, which is taken from the last cell that defines it."""
    if _at is None or (question := _at.session.asked) is None:
        print('no drill is waiting for an answer; begin one with drill.start("poison_message")')
        return
    try:
        if isinstance(question, Mend):
            _at.reply(solution(notebook._cells(), question.entries))
        else:
            _at.reply(question.read("" if value is None else str(value)))
    except (NotAnAnswer, NoSolution, DoesNotParse) as error:
        print(f"{error}.")
        return
    _tell(_at)


def _tell(sitting: Sitting, clicked: bool = False) -> None:
    """Show what the drill shows, and ask what it asks."""
    for step in sitting.session.shown:
        if isinstance(step, ShowRun):
            svg = explain.run_svg(step.run, step.findings)
            show(Pieces(svg, explain.run_text(step.run, step.findings)))
        else:
            print(f"{step.text}\n")
    match sitting.session.asked:
        case Choose() | Number() as question:
            timed = question.minutes is not None
            left = f"[{left_of(question.minutes or 0, sitting.seconds)}] " if timed else ""
            print(f"{left}{question.question}")
            _offer(question)
        case Mend() as question:
            print(f"Change {' and '.join(question.entries)} in a cell, run it, then drill.answer()")
            _next_cell(question.starter)


def _offer(question: Choose | Number) -> None:
    if isinstance(question, Choose):
        for place, option in enumerate(question.options, start=1):
            print(f"  {place}. {option}")
    else:
        print(f"  (a number of {question.unit})")
    print("Answer with drill.answer(...) in the next cell.")


def _next_cell(source: str) -> None:
    """Put the source into a new cell below, in front ends that can."""
    shell: Any = notebook._shell()
    if shell is not None:
        shell.set_next_input(source)
