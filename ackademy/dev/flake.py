"""``ackademy dev flake``: are verdicts the same for every seed, transport and run?

A *flake* is a wheat that does not get full marks, a chaff that is not failed as its header says,
or one source that takes other steps inline than graded with the same seed. One seed in a thousand
that does so is one learner in a thousand who is told what is not true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ackademy.dev.check import Try
from ackademy.dev.solutions import wrong_with
from ackademy.dev.trials import Solution, Trial, tasks
from ackademy.dev.wording import many


@dataclass(frozen=True)
class Flakes:
    """What was tried for one exercise, and each flake in a sentence."""

    exercise: str
    solutions: int
    seeds: int
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.exercise}: {many(self.solutions, 'solution')} x {many(self.seeds, 'seed')} "
            f"x 2 transports: {len(self.sentences)} flake{'s' * (len(self.sentences) != 1)}"
        )


def flakes(exercise: str, found: Sequence[Solution], seeds: Sequence[int], try_all: Try) -> Flakes:
    """Try the solutions of one exercise with every seed in both transports."""
    todo = tasks(found, seeds)
    tried = try_all(todo)
    sentences = []
    # `tasks` puts the two transports of a source and seed side by side.
    for each, inline, graded in _pairs(todo, tried):
        for trial in (inline, graded):
            sentences += [
                f"{each} {wrong}, {trial.where}{because}"
                for wrong, because in wrong_with(each, trial).items()
            ]
        if inline.digest != graded.digest:
            sentences.append(f"{each} takes other steps inline than graded, seed {inline.seed}")
    return Flakes(exercise, len(found), len(seeds), tuple(sentences))


def _pairs(
    todo: Sequence[tuple[Solution, int, bool]], tried: Iterator[Trial]
) -> Iterator[tuple[Solution, Trial, Trial]]:
    for each, _, _ in todo[::2]:
        yield each, next(tried), next(tried)
