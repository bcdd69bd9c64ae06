"""Hints, one after the other: the next is the one that was not seen yet.

A hint may name the check that it helps with. When the last check failed there, it comes before
the others.
"""

from collections.abc import Callable, Sequence

from ackademy.cells import CannotDo
from ackademy.progress import results, store
from graders.hints import Hint, hints
from graders.spec import load


def take(exercise: str, number: int | None, force: bool, ask: Callable[[int], str]) -> str:
    """The text of a hint, which is seen from now on; without a `number` the next one.

    `ask` says how to ask for a hint of a number. Raises `CannotDo` for one that is not there, or
    further on than the next, unless `force` is set.
    """
    found = hints(load(exercise).name)
    if not found:
        raise CannotDo(
            f"{exercise} has no hints; check it and read the timeline of the failing schedule "
            "from the bottom: its last line says which promise broke"
        )
    entry = results.entry_of(exercise)
    order = _order(found, entry.failing)
    unseen = [each for each in order if each not in entry.hints]
    if number is None:
        if not unseen:
            return _all_seen(exercise, found, ask)
        number = unseen[0]
    if not 1 <= number <= len(found):
        raise CannotDo(f"{exercise} has hints 1 to {len(found)}; give one of them")
    further = unseen and number not in entry.hints and number > unseen[0]
    if further and not force and not store.is_off():
        raise CannotDo(
            f"hint {number} gives more away than hint {unseen[0]}, which you have not seen; "
            f"{ask(unseen[0])} shows that one, and --force (force=True in a notebook) this one"
        )
    results.record_hint(exercise, number)
    hint = found[number - 1]
    text = f"Hint {number} of {len(found)}: {hint.title}\n\n{hint.text}"
    left = [each for each in unseen if each != number]
    if store.is_off():  # nothing is remembered, so what follows is all there is to go by
        left = order[order.index(number) + 1 :]
    return f"{text}\n\nStill stuck? {ask(left[0])}" if left else text


def has_hints(exercise: str) -> bool:
    """Whether there is a hint to ask for."""
    return bool(hints(exercise))


def _order(found: Sequence[Hint], failing: Sequence[str]) -> list[int]:
    """The numbers of hints: those for a failing check, then those for none, then those for
    checks that pass; each as they are written, which is from the gentlest on."""

    def rank(number: int) -> int:
        check = found[number - 1].check
        return 1 if not check or not failing else 0 if check in failing else 2

    return sorted(range(1, len(found) + 1), key=rank)


def _all_seen(exercise: str, found: Sequence[Hint], ask: Callable[[int], str]) -> str:
    titles = "\n".join(f"  {number} {hint.title}" for number, hint in enumerate(found, 1))
    return (
        f"You have seen all {len(found)} hints for {exercise}:\n\n{titles}\n\n"
        f"To read one again: {ask(1)}, or another number. After that the solution is in "
        f"solutions/{exercise}/; compare only once you have tried."
    )
