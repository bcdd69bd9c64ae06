"""Somebody at a drill: a session, its clock, and the notes that let it go on another time."""

import time
from collections.abc import Callable
from pathlib import Path

from ackademy.drill.catalogue import Drill
from ackademy.drill.notes import keep, kept, notes_file
from ackademy.drill.session import Session
from ackademy.drill.steps import Reply


class Sitting:
    """A drill with a seed in a folder. `clock` gives seconds; time away does not count."""

    def __init__(
        self,
        drill: Drill,
        folder: Path,
        seed: int = 0,
        again: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.drill = drill
        self.folder = folder
        self.session = Session(drill.script(seed))
        self._seed = seed
        self._notes = notes_file(folder, drill.name)
        self._clock = clock
        self.session.catch_up([] if again else kept(self._notes, seed))
        self.resumed = bool(self.session.replies)
        spent = max((reply.seconds for reply in self.session.replies), default=0.0)
        self._since = clock() - spent

    @property
    def seconds(self) -> float:
        """How long the drill has taken so far."""
        return round(self._clock() - self._since, 1)

    def reply(self, value: float | str) -> None:
        """Answer the question that is asked, and note the answer."""
        self.session.reply(Reply(value, self.seconds))
        if self.session.over:
            self._notes.unlink(missing_ok=True)
        else:
            keep(self._notes, self._seed, self.session.replies)

    def opening(self) -> str:
        """The drill's title and, for one that goes on, where."""
        if not self.resumed:
            return self.drill.title
        return (
            f"{self.drill.title}\n\nGoing on after {self._answers()}, kept in {self._notes.name}."
        )

    def closing(self) -> str:
        """What to say to somebody who leaves."""
        with_seed = f" --seed {self._seed}" if self._seed else ""
        return (
            f"You left after {self._answers()}; nothing is lost, and ackademy drill "
            f"{self.drill.name}{with_seed} goes on from here."
        )

    def _answers(self) -> str:
        number = len(self.session.replies)
        return f"{number} answer{'' if number == 1 else 's'}"


def left_of(minutes: float, seconds: float) -> str:
    """How much of a drill's minutes is left after so many seconds."""
    left = minutes * 60 - seconds
    whole, rest = divmod(round(abs(left)), 60)
    return f"{whole}:{rest:02} {'left' if left >= 0 else 'over time'}"
