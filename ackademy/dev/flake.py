"""``ackademy dev flake``: are verdicts the same for every seed, transport and run?

A *flake* is a wheat that does not get full marks, a chaff that is not failed as its header says,
or one source that takes other steps inline than graded with the same seed. One seed in a thousand
that does so is one learner in a thousand who is told what is not true.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ackademy.dev.check import Try
from ackademy.dev.solutions import wrong_with
from ackademy.dev.trials import Solution, Trial, tasks
from ackademy.dev.wording import many


@dataclass(frozen=True)
class Flakes:
    """What was tried for one exercise, and each flake in a sentence. Every seed was tried inline,
    the first `graded` of them graded as well."""

    exercise: str
    solutions: int
    seeds: int
    graded: int
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        where = " x 2 transports"
        if self.graded < self.seeds:
            where = f" inline, {self.graded} of them graded too"
        return (
            f"{self.exercise}: {many(self.solutions, 'solution')} x {many(self.seeds, 'seed')}"
            f"{where}: {len(self.sentences)} flake{'s' * (len(self.sentences) != 1)}"
        )


def flakes(
    exercise: str,
    found: Sequence[Solution],
    seeds: Sequence[int],
    try_all: Try,
    graded: int | None = None,
) -> Flakes:
    """Try the solutions of one exercise with every seed inline, and with the first `graded` of
    them (None: all) graded as well, which takes several times as long."""
    todo = tasks(found, seeds, graded)
    sentences = []
    inline: Trial | None = None
    for (each, _, _), trial in zip(todo, try_all(todo), strict=True):
        sentences += [
            f"{each} {wrong}, {trial.where}{because}"
            for wrong, because in wrong_with(each, trial).items()
        ]
        # `tasks` puts the graded one right after the inline one of the same source and seed
        if trial.graded and inline is not None and inline.digest != trial.digest:
            sentences.append(f"{each} takes other steps inline than graded, seed {trial.seed}")
        inline = trial
    both = len(seeds[:graded])
    return Flakes(exercise, len(found), len(seeds), both, tuple(sentences))
