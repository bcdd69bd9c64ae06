"""What checks and hints leave in a learner's progress.

Progress is a help and never in the way: when it cannot be kept, that is said once, and the check
goes on.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache

from ackademy.progress import store
from ackademy.progress.store import Entry, NotKept
from graders.spec import load
from graders.verdict import Verdict


def record(exercise: str, verdicts: Sequence[Verdict]) -> None:
    """Note what a check came to. Nothing of the code is kept, only points and the day. Further
    parts of the notebook are not counted."""
    verdicts = [verdict for verdict in verdicts if verdict.exercise == exercise]
    now = Entry(
        points=sum(verdict.points for verdict in verdicts),
        most=sum(verdict.most for verdict in verdicts),
        version=load(exercise).version,
        day=date.today().isoformat(),
        failing=tuple(verdict.check for verdict in verdicts if verdict.outcome != "pass"),
    )
    _change(exercise, lambda entry: store.checked(entry, now))


def record_hint(exercise: str, number: int) -> None:
    """Note that a hint was given."""
    _change(exercise, lambda entry: store.seen(entry, number))


def entry_of(exercise: str) -> Entry:
    """What is known of an exercise; nothing when nothing is kept."""
    if store.is_off():
        return Entry()
    try:
        return store.read().get(exercise, Entry())
    except NotKept as error:
        _say(str(error))
        return Entry()


def _change(exercise: str, edit: Callable[[Entry], Entry]) -> None:
    if store.is_off():
        return

    def change(entries: dict[str, Entry]) -> None:
        entries[exercise] = edit(entries.get(exercise, Entry()))

    try:
        store.change(change)
    except NotKept as error:
        _say(str(error))


@cache
def _say(sentence: str) -> None:
    """Once; the second check has nothing new to say about it."""
    print(f"ackademy: {sentence}", file=sys.stderr)
