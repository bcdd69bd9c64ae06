"""Check an exercise again each time it is saved.

The file is looked at a few times a second. JupyterLab saves by putting a new file in the old one's
place, editors write in parts: a file that cannot be read whole is waited out.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from ackademy.cells import CannotDo, cells_of
from graders import explain
from graders.verdict import Verdict

SECONDS = 0.2
PATIENCE = 10
"""Looks at a file that is no notebook before it is said: two seconds, longer than any saving."""

Stamp: TypeAlias = tuple[int, int, int]
Check: TypeAlias = Callable[[Sequence[str]], Sequence[Verdict]]


def stamp(path: Path) -> Stamp | None:
    """What changes when a file is saved; None when there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def pause() -> None:
    """Between two looks."""
    time.sleep(SECONDS)


@dataclass(frozen=True)
class Screen:
    """Where the verdicts go. With `fancy` each check clears the terminal and dims what has not
    changed; without, every line is kept and no control characters are written."""

    say: Callable[[str], None]
    fancy: bool = False

    def dim(self, text: str) -> str:
        """What the eye may pass over."""
        return f"\x1b[2m{text}\x1b[0m" if self.fancy else text

    def bold(self, text: str) -> str:
        """What the eye should find."""
        return f"\x1b[1m{text}\x1b[0m" if self.fancy else text

    def cleared(self, text: str) -> str:
        """On an empty terminal; what scrolled away stays there."""
        return f"\x1b[H\x1b[2J{text}" if self.fancy else text


def watch(
    path: Path,
    check: Check,
    screen: Screen,
    look: Callable[[Path], Stamp | None] = stamp,
    wait: Callable[[], None] = pause,
) -> None:
    """Check the cells in `path` now and whenever they have changed, until Ctrl+C.

    `look` gives something else whenever the file was saved, `wait` passes the time between two
    looks; a KeyboardInterrupt from it ends the watch.
    """
    seen: Stamp | None = None
    cells: Sequence[str] | None = None
    before: Sequence[Verdict] = ()
    unread = 0
    try:
        if look(path) is None:
            screen.say(f"waiting for {path}")
        while True:
            now = look(path)
            if now is not None and now != seen:
                try:
                    read: Sequence[str] | None = cells_of(path)
                except CannotDo as error:
                    read = None
                    unread += 1
                    if unread == PATIENCE:
                        screen.say(f"waiting: {error}")
                # Saved again while it was read: what was read may be half of each.
                if read is not None and look(path) == now:
                    seen, unread = now, 0
                    if read != cells:  # JupyterLab saves outputs too, and by itself
                        cells = read
                        with _undisturbed():
                            verdicts = check(cells)
                        _show(screen, before, verdicts)
                        before = verdicts
            wait()
    except KeyboardInterrupt:
        screen.say("")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl+C waits for the end of the check: in it, it would reach the learner's code, and be
    taken for what that code does. A second one does not wait."""
    caught: list[int] = []

    def note(number: int, _frame: object) -> None:
        caught.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        old = signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread, where no Ctrl+C arrives
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)
    if caught:
        raise KeyboardInterrupt


def _show(screen: Screen, before: Sequence[Verdict], now: Sequence[Verdict]) -> None:
    points, most = sum(v.points for v in now), sum(v.most for v in now)
    at = datetime.now().strftime("%H:%M:%S")
    header = screen.bold(f"== {now[0].exercise}, {at}: {points} of {most} points")
    screen.say(screen.cleared(header))
    for line in changes(screen, before, now):
        screen.say(line)
    if failed := [verdict for verdict in now if verdict.token]:
        screen.say(f"See it: ackademy replay {failed[0].token}")


def changes(screen: Screen, before: Sequence[Verdict], now: Sequence[Verdict]) -> Iterator[str]:
    """A line for each verdict; in full only those that are not as they were."""
    old = {verdict.check: verdict for verdict in before}
    for verdict in now:
        was = old.get(verdict.check)
        symbol = explain.SYMBOLS[verdict.outcome]
        if was is None:
            yield explain.line(verdict)
        elif was.outcome != verdict.outcome:
            turn = f"{verdict.check}: {explain.SYMBOLS[was.outcome]} -> {symbol}"
            yield screen.bold(f"{turn}   {explain.line(verdict)}")
        elif verdict.outcome != "pass" and explain.line(was) != explain.line(verdict):
            yield explain.line(verdict)
        else:
            yield screen.dim(f"{symbol} {verdict.check}, as before")


def is_fancy(terminal: bool) -> bool:
    """Whether control characters are welcome (NO_COLOR, and TERM as the terminal sets it)."""
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
