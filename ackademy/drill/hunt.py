"""A bug hunt: read a broken worker, predict, run it, name the anomaly, mend it, compare.

All that is said to have happened is read from runs. A hunt brings its story and its questions;
the code, right and wrong, and the judges are those of its spec in ``graders/specs/<name>/``.
"""

import ast
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from ackademy.drill.steps import Choose, Mend, Reply, Script, Show, ShowRun, Step, ask
from graders import explain
from graders.check import check_cells, one_run
from graders.content import chaffs, wheats
from graders.spec import load
from graders.stage import Run
from graders.timeline_words import plain
from graders.verdict import Verdict


@dataclass(frozen=True)
class Prediction:
    """A question about the run without faults. `answer` reads the right option's place from it;
    `why` is the mechanism, with its source."""

    short: str
    question: str
    options: tuple[str, ...]
    answer: Callable[[Run], int]
    why: str


@dataclass(frozen=True)
class Hunt:
    """A hunt's own part.

    `exercise` names its spec and `broken` the chaff that is read and mended. `names` are the
    anomalies to choose from, with what each would mean. `asides` are more runs of the broken
    source: each takes it and the seed and gives a paragraph. `caveat` says what is
    simpler here than on a real broker. `interview` are sentences with their sources.
    """

    exercise: str
    broken: str
    story: str
    predictions: Sequence[Prediction]
    names: Mapping[str, str]
    asides: Sequence[Callable[[str, int], str]]
    task: str
    caveat: str
    interview: Sequence[tuple[str, str]]


def hunt(case: Hunt, seed: int) -> Script:
    """The drill's script."""
    code = broken_source(case)
    yield Show(case.story + "\n\n" + _indented(code), again=True)
    yield Show("Commit to your answers first. Then the code is run.")
    guesses = []
    for prediction in case.predictions:
        guesses.append((yield from ask(Choose(prediction.question, prediction.options))).place)

    run, _ = one_run(load(case.exercise), code, (), seed)
    verdicts = check_cells(case.exercise, [code], seed)
    tried = f"It was run. Tried: {verdicts[0].coverage}.\n{_outcomes(verdicts)}"
    yield Show(tried, again=True)
    yield from _first_failure(verdicts)
    card = []
    for prediction, guess in zip(case.predictions, guesses, strict=True):
        right = prediction.answer(run)
        card.append((prediction.short, prediction.options[guess], prediction.options[right]))
        yield Show(f"{_marked(card[-1])}\n{prediction.why}")

    named = yield from _name(case, verdicts)
    card.append(named)
    for aside in case.asides:
        yield Show(aside(code, seed))
    tries = yield from _mend(case, seed, code)
    yield Show(_compared(case))
    yield Show(_scorecard(card, tries))
    yield Show(_interview(case))


def broken_source(case: Hunt) -> str:
    """The code that is hunted in: a chaff without its header, which would give it away."""
    [source] = [each.source for each in chaffs(case.exercise) if each.name == case.broken]
    header = ast.parse(source).body[0]
    assert header.end_lineno is not None
    return "\n".join(source.splitlines()[header.end_lineno :]).strip() + "\n"


def _name(
    case: Hunt, verdicts: Sequence[Verdict]
) -> Generator[Step, Reply | None, tuple[str, str, str]]:
    """Ask for the anomaly's name; say why it is that one or not."""
    found = next(verdict.anomaly for verdict in verdicts if verdict.outcome == "fail")
    names = list(case.names)
    reply = yield from ask(Choose("What is this called?", tuple(map(_words, names))))
    said = names[reply.place]
    named = ("the anomaly", _words(said), _words(found))
    text = f"{_marked(named)}\n{_words(found).capitalize()}: {case.names[found]}"
    if said != found:
        text += f"\n{_words(said).capitalize()} would be: {case.names[said]}"
    yield Show(text)
    return named


def _mend(case: Hunt, seed: int, code: str) -> Generator[Step, Reply | None, int]:
    """Have it mended; gives how often it was checked."""
    starter = f"{_commented(case.task)}\n\n{code}"
    yield Show(f"{case.task}\nStuck? ackademy hint {case.exercise}")
    tries = 0
    while True:
        spec = load(case.exercise)
        reply = yield from ask(Mend(f"{case.exercise}.py", starter, spec.entries))
        tries += 1
        verdicts = check_cells(case.exercise, [reply.source], seed)
        yield Show(_outcomes(verdicts))
        if all(verdict.outcome == "pass" for verdict in verdicts):
            return tries
        yield from _first_failure(verdicts)


def _outcomes(verdicts: Sequence[Verdict]) -> str:
    """A line for each check. Without its points: this is no exam."""
    return "\n".join(
        f"{explain.SYMBOLS[verdict.outcome]} {_words(verdict.check)}: "
        f"{plain(verdict.sentence, explain.MOST_OF_A_SENTENCE)}"
        for verdict in verdicts
    )


def _first_failure(verdicts: Sequence[Verdict]) -> Script:
    for verdict in verdicts:
        if verdict.outcome == "fail" and verdict.witness is not None:
            yield ShowRun(verdict.witness, verdict.findings)
            return


def _compared(case: Hunt) -> str:
    """The designs that pass and the wrong ones that tempt, by their headers."""
    right = [f"  {_headline(each.source)}" for each in wheats(case.exercise)]
    wrong = [
        f"  {_headline(each.source)} ({' and '.join(map(_words, each.anomalies))})"
        for each in chaffs(case.exercise)
        if each.name != case.broken
    ]
    return (
        "Every check passes. Compare yours with other designs that pass:\n"
        + "\n".join(right)
        + "\n\nAnd with mends that tempt and fail:\n"
        + "\n".join(wrong)
        + f"\n\n{case.caveat}"
    )


def _scorecard(card: Sequence[tuple[str, str, str]], tries: int) -> str:
    times = "the first time" if tries == 1 else f"the {_nth(tries)} time"
    rows = [_marked(row) for row in card]
    return "\n".join(["To talk through:", *rows, f"✓ the mend: all checks passed {times}"])


def _interview(case: Hunt) -> str:
    rows = [f"  {sentence}\n    [{source}]" for sentence, source in case.interview]
    return "In an interview, in a minute:\n" + "\n".join(rows)


def _marked(row: tuple[str, str, str]) -> str:
    what, said, right = row
    if said == right:
        return f"✓ {what}: {right}"
    return f"✗ {what}: you said {said}; it is: {right}"


def _headline(source: str) -> str:
    """The first paragraph of a header, in one line."""
    header = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(header.split("\n\n")[0].split())


def _words(anomaly: str) -> str:
    return anomaly.replace("_", " ")


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ending}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())
