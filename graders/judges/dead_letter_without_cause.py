"""Dead letter without cause: it says too little of why it is there, or is not what it was.

Whoever finds it tomorrow must decide whether to mend it, to send it again or to drop it. For that
it has two headers: `cause`, a str that names what went wrong, and `attempts`, an int; and its body
is what it was.

Example: the worker rejects the message, and the dead-letter exchange moves it as it is::

    DeadLettered(message=4, reason="rejected", queues=["orders.dead"], headers={"x-death": [...]})

`attempts` must be the number of attempts that failed; each fault may have cost one that was not
written down, or counted one that was not made. Where there are several dead letters of one order
(a crash between a publish and its ack makes two), they must account for all attempts together. An
order that is gone and left no dead letter has no cause either, in a run without faults; one that a
fault made vanish is lost, which is another anomaly.
"""

import json

from graders.judges import Finding
from graders.judges.attempts import failed, faults, policy, ways
from graders.judges.copies import all_gone, copies_of
from graders.judges.debts import DEAD_LETTER, debts, subjects
from minibroker.sim.trace import DeadLettered, Published, Trace
from minibroker.sim.values import Value


def find(trace: Trace) -> list[Finding]:
    """Every dead letter that says too little, or something untrue."""
    promised = policy(trace)
    if promised is None:
        return []
    names, slack, came = subjects(trace), faults(trace), _bodies(trace)
    findings = []
    told: dict[str, int] = {}
    accused: set[str] = set()
    for position, event in enumerate(trace):
        if not isinstance(event, Published | DeadLettered):
            continue
        if promised.dead_letters not in event.queues or event.message not in names:
            continue
        name = names[event.message]
        tries = len(failed(trace).get(name, ()))
        wrong = _wrong(event.headers, tries, slack)
        if isinstance(event, Published) and _is_another(event.body, came.get(name, [])):
            wrong = "is not what came: it has another body, so nobody can send it again"
        if wrong:
            accused.add(name)
            sentence = f"the dead letter of {name} {wrong}"
            findings.append(Finding("dead_letter_without_cause", sentence, (position,)))
        else:
            number = event.headers["attempts"]
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
    for event in trace:
        if isinstance(event, Published | DeadLettered) and (
            promised is not None and promised.dead_letters in event.queues
        ):
            return ""
    where = promised.dead_letters if promised is not None else "the dead letters' queue"
    return f"no message ever came to {where}, so none could lack its cause"


def _wrong(headers: dict[str, Value], tries: int, slack: int) -> str:
    cause, number = headers.get("cause"), headers.get("attempts")
    if not isinstance(cause, str) or not cause.strip():
        return "has no header 'cause', a str that says what went wrong"
    if not isinstance(number, int) or isinstance(number, bool):
        return "has no header 'attempts', an int that says how often it was tried"
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
    return found


def _is_another(body: bytes, came: list[bytes]) -> bool:
    """Whether a body says something else than what came; spaces in JSON say nothing."""
    return body not in came and _read(body) not in [_read(each) for each in came]


def _read(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
