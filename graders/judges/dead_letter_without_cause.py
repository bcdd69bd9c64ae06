"""Dead letter without cause: it says too little of why it is there, or is not what it was.

Whoever finds it tomorrow must decide whether to mend it, to send it again or to drop it. For that
it has two headers: `cause`, a str that names what went wrong, and `attempts`, an int; and its body
is what it was. A record's headers are bytes: `cause` is text in UTF-8, `attempts` decimal digits. A
record that no ``read_committed`` reader sees is no dead letter.

Example: the worker rejects the message, and the dead-letter exchange moves it as it is::

    DeadLettered(message=4, reason="rejected", queues=["orders.dead"], headers={"x-death": [...]})

`attempts` must be the number of attempts that failed; each fault may have cost one that was not
written down, or counted one that was not made. Where there are several dead letters of one order
(a crash between a publish and its ack makes two), they must account for all attempts together. An
order that is gone and left no dead letter has no cause either, in a run without faults; one that a
fault made vanish is lost, which is another anomaly.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from graders.judges import Finding
from graders.judges.attempts import failed, faults, policy, ways
from graders.judges.copies import all_gone, copies_of
from graders.judges.debts import DEAD_LETTER, debts, subjects
from graders.judges.records import log
from minibroker.sim.trace import Appended, DeadLettered, Published, Trace
from minibroker.sim.values import Value


@dataclass(frozen=True, slots=True)
class _Letter:
    """A dead letter, at `position` in the trace; `body` is None where it cannot be another one."""

    position: int
    message: int
    headers: dict[str, Value]
    body: bytes | None
    kinds: tuple[str, str] = ("a str", "an int")
    """What its two headers are to be."""


def find(trace: Trace) -> list[Finding]:
    """Every dead letter that says too little, or something untrue."""
    promised = policy(trace)
    if promised is None:
        return []
    names, slack, came = subjects(trace), faults(trace), _bodies(trace)
    findings = []
    told: dict[str, int] = {}
    accused: set[str] = set()
    for letter in _letters(trace, promised.dead_letters):
        if letter.message not in names:
            continue
        name = names[letter.message]
        tries = len(failed(trace).get(name, ()))
        wrong = _wrong(letter, tries, slack)
        if letter.body is not None and _is_another(letter.body, came.get(name, [])):
            wrong = "is not what came: it has another body, so nobody can send it again"
        if wrong:
            accused.add(name)
            sentence = f"the dead letter of {name} {wrong}"
            findings.append(Finding("dead_letter_without_cause", sentence, (letter.position,)))
        else:
            number = letter.headers["attempts"]
            assert isinstance(number, int)
            told[name] = told.get(name, 0) + number
    for name, number in told.items():
        debt = debts(trace).get((DEAD_LETTER, name))
        if name in accused or debt is None or len(debt.done) < ways(trace, name, debt):
            continue  # or one of them took its attempts with it
        tries = len(failed(trace).get(name, ()))
        if number < tries - slack:
            positions = tuple(position for position, _ in debt.done)
            sentence = f"the dead letter of {name} says {number} attempts, where {tries} failed"
            findings.append(Finding("dead_letter_without_cause", sentence, positions))
    return findings + _nowhere(trace)


def unshown(trace: Trace) -> str:
    """Nothing is shown when there was no dead letter."""
    promised = policy(trace)
    if promised is not None and any(_letters(trace, promised.dead_letters)):
        return ""
    where = promised.dead_letters if promised is not None else "the dead letters' queue"
    return f"no message ever came to {where}, so none could lack its cause"


def _letters(trace: Trace, dead_letters: str) -> Iterator[_Letter]:
    """All dead letters, in order."""
    records = log(trace).records
    for position, event in enumerate(trace):
        if isinstance(event, Published | DeadLettered):
            if dead_letters in event.queues:
                body = event.body if isinstance(event, Published) else None
                yield _Letter(position, event.message, event.headers, body)
        elif (
            isinstance(event, Appended)
            and event.topic == dead_letters
            and records[event.message].counts
        ):
            kinds = ("text in UTF-8", "decimal digits")
            headers = _read_headers(event.headers)
            yield _Letter(position, event.message, headers, event.value or b"", kinds)


def _read_headers(pairs: list[Value]) -> dict[str, Value]:
    """A record's headers as what they spell; of a name that is there more than once the last."""
    found = dict(cast("list[tuple[str, bytes | None]]", pairs))
    read: dict[str, Value] = {name: _text(value) for name, value in found.items()}
    number = read.get("attempts")
    if isinstance(number, str) and number.isascii() and number.isdigit():
        read["attempts"] = int(number)
    return read


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _wrong(letter: _Letter, tries: int, slack: int) -> str:
    cause, number = letter.headers.get("cause"), letter.headers.get("attempts")
    if not isinstance(cause, str) or not cause.strip():
        return f"has no header 'cause', {letter.kinds[0]} that says what went wrong"
    if not isinstance(number, int) or isinstance(number, bool):
        return f"has no header 'attempts', {letter.kinds[1]} that says how often it was tried"
    if number < min(tries, 1):
        return f"says that it was tried {number} times"
    if tries and number > tries + slack:
        return f"says {number} attempts, where {tries} failed"
    return ""


def _nowhere(trace: Trace) -> list[Finding]:
    """Orders that are gone and never became a dead letter."""
    if faults(trace):
        return []
    findings = []
    for (kind, subject), debt in debts(trace).items():
        if kind == DEAD_LETTER and not debt.done and all_gone(trace, debt):
            ends = sorted(position for position, _ in copies_of(trace, debt).values())
            sentence = f"{subject} is gone and left no dead letter, so nothing says why"
            findings.append(Finding("dead_letter_without_cause", sentence, tuple(ends[-1:])))
    return findings


def _bodies(trace: Trace) -> dict[str, list[bytes]]:
    """What each subject's messages were when they came."""
    names = subjects(trace)
    found: dict[str, list[bytes]] = {}
    for event in trace.of(Published):
        if event.who == "scenario" and (name := names.get(event.message)):
            found.setdefault(name, []).append(event.body)
    for record in trace.of(Appended):
        if record.who == "scenario" and (name := names.get(record.message)):
            found.setdefault(name, []).append(record.value or b"")
    return found


def _is_another(body: bytes, came: list[bytes]) -> bool:
    """Whether a body says something else than what came; spaces in JSON say nothing."""
    return body not in came and _read(body) not in [_read(each) for each in came]


def _read(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
