"""``ackademy dev check``: does the content keep what it promises?

Each rule is a function in a module by its subject that returns sentences, none where all is well;
here they are put in order. A rule that needs a spec is not asked where the spec cannot be loaded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ackademy.cells import CannotDo
from ackademy.dev import generated, links, outputs, solutions, specs, strays, texts
from ackademy.dev.layout import Layout, files
from ackademy.dev.trials import Task, Trial, tasks
from ackademy.dev.trials import solutions as solutions_of
from ackademy.dev.wording import many
from graders.spec import UnknownName, load, whole_of

Try = Callable[[Sequence[Task]], Iterator[Trial]]
Say = Callable[[str], object]


@dataclass(frozen=True)
class Group:
    """What was looked at, and what is wrong with it, a sentence each."""

    subject: str
    problems: tuple[str, ...]


def check(
    layout: Layout, names: Sequence[str], seeds: Sequence[int], try_all: Try, say: Say
) -> Iterator[Group]:
    """Look at exercises and their lessons, or with no names at everything.

    `say` is told what comes next. Raises `UnknownName` before anything is looked at.
    """
    known = layout.names()
    for name in names:
        if name not in known:
            raise UnknownName("exercise", name, known)
    chosen = list(dict.fromkeys(names)) or known
    for name in chosen:
        yield Group(name, tuple(_exercise(layout, name, seeds, try_all, say)))
    for stem in layout.lessons() if not names else _lessons(layout, chosen):
        say(f"course/{stem}: its exercise, a fresh run")
        found = [
            *links.exercise_of(layout, stem),
            *outputs.of_notebook(layout, layout.lesson(stem)),
        ]
        yield Group(f"course/{stem}", tuple(found))
    if not names:
        yield Group("files outside of these", tuple(strays.of_course(layout)))


def _exercise(
    layout: Layout, name: str, seeds: Sequence[int], try_all: Try, say: Say
) -> Iterator[str]:
    def ask(*rules: Callable[[Layout, str], list[str]]) -> Iterator[str]:
        for rule in rules:
            try:
                yield from rule(layout, name)
            except CannotDo as error:
                yield str(error)

    say(f"{name}: files and texts")
    yield from ask(strays.of_exercise)
    if not files(layout.specs / name):
        yield (
            f"there is no graders/specs/{name}; write its spec, or remove solutions/{name} and "
            f"exercises/{name}"
        )
        return
    yield from ask(specs.folder)
    if not _loads(name):
        return
    spec = load(name)
    yield from ask(specs.goals)
    yield from specs.checks(spec, optional=bool(whole_of(name)))
    yield from ask(links.lesson_of, texts.todos)
    if layout.is_exercise(name):
        yield from ask(texts.hints_given, solutions.enough)
        say(f"{name}: its release")
    yield from ask(generated.release)
    if layout.is_exercise(name):
        yield from ask(texts.starter)
        say(f"{name}: a fresh run of its notebook")
        yield from outputs.of_notebook(layout, layout.solution(name))
    try:
        found = solutions_of(layout, name)
        yield from solutions.chaffs_cover(layout, name)
    except CannotDo as error:
        yield str(error)
        return
    say(f"{name}: {many(len(found), 'solution')} x {many(len(seeds), 'seed')} x 2 transports")
    todo = tasks(found, seeds)
    yield from solutions.of_trials(
        (each, trial) for (each, _, _), trial in zip(todo, try_all(todo), strict=True)
    )


def _loads(name: str) -> bool:
    try:
        load(name)
    except Exception:  # `specs.folder` has said how
        return False
    return True


def _lessons(layout: Layout, names: Sequence[str]) -> list[str]:
    """The lessons of these exercises that are there."""
    stems = [load(name).lesson for name in names if _loads(name)]
    return [stem for stem in dict.fromkeys(stems) if layout.lesson(stem).is_file()]


def report(groups: Iterator[Group], show: Say) -> int:
    """Show each group as it comes, and a last line; gives how many problems there are."""
    counted = []
    for group in groups:
        counted.append(len(group.problems))
        if not group.problems:
            show(f"{group.subject}: all well")
            continue
        show(f"{group.subject}: {many(len(group.problems), 'problem')}")
        for sentence in group.problems:
            show(f"  - {sentence}")
    show(f"{many(sum(counted), 'problem')} in {len(counted)} looked at")
    return sum(counted)
