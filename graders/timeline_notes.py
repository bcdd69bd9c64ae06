"""What stands beside a row that an anomaly is made of: a few words for each finding's events.

The decisive event is a finding's last; a charge that was made twice has a word at its first
time too, since a learner looks for both.
"""

from collections.abc import Callable, Sequence

from graders.judges import Finding
from graders.timeline_words import done
from minibroker.sim.trace import (
    Appended,
    Delivered,
    Event,
    LogTruncated,
    OffsetsCommitted,
    Owed,
    Polled,
    Published,
    Requeued,
    SideEffect,
    Trace,
    TransactionEnded,
)


def notes(trace: Trace, findings: Sequence[Finding]) -> dict[int, str]:
    """The note of each position in the trace that a finding names. A finding that names none is
    noted at the end of the trace."""
    found: dict[int, list[str]] = {}
    for finding in findings:
        say = _SAY.get(finding.anomaly, _by_name)
        positions = finding.events or (len(trace) - 1,)
        for place, position in enumerate(positions):
            found.setdefault(position, []).append(say(trace, finding, place))
    return {
        position: "; ".join(dict.fromkeys(note for note in said if note))
        for position, said in found.items()
    }


def _duplicate(trace: Trace, finding: Finding, place: int) -> str:
    event = _event(trace, finding, place)
    if isinstance(event, Appended):
        return "made again" if place else "first time"
    kind = event.kind if isinstance(event, SideEffect) else "effect"
    if len(finding.events) < 2:
        return "nobody asked for it"
    return f"{done(kind)} again" if place else f"first {kind}"


def _lost(trace: Trace, finding: Finding, place: int) -> str:
    event = _event(trace, finding, place)
    if place + 1 < len(finding.events):
        return "not what was owed"
    if isinstance(event, SideEffect):
        return "not what was owed"
    kind = _missing(finding)
    if not isinstance(event, PASSES) and kind not in (owed := _owed_kinds(trace, event)):
        kind = next(iter(owed), "")
    how = f"never {done(kind)}" if len(finding.events) < 2 else f"never {done(kind)} right"
    return f"gone for good, {how}"


def _stuck(trace: Trace, finding: Finding, place: int) -> str:
    if len(finding.events) > 1:  # the same message again and again
        return f"delivery {place + 1}{_of_how_many(trace, finding)}"
    if not finding.events:
        return "does not come to rest"
    event = _event(trace, finding, place)
    if isinstance(event, Delivered) or "never settled" in finding.sentence:
        return "never settled"
    if isinstance(event, Polled):
        return "never committed"
    if "still open" in finding.sentence:
        return "never ended"
    if isinstance(event, Published | Requeued | Appended):
        return "waits, and nobody takes it"
    return "stuck"


def _dirty(trace: Trace, finding: Finding, place: int) -> str:
    return "made from it" if place else "not certain to exist"


def _reordered(trace: Trace, finding: Finding, place: int) -> str:
    return "comes too late" if place else "was to come later"


def _zombie(trace: Trace, finding: Finding, place: int) -> str:
    return "by a zombie" if place else "has a new owner"


def _after_revoked(trace: Trace, finding: Finding, place: int) -> str:
    return "too late" if place else "from here on it is not its own"


def _needless(trace: Trace, finding: Finding, place: int) -> str:
    return "has it back" if place else "more than it has to"


def _skipped(trace: Trace, finding: Finding, place: int) -> str:
    return "goes past it" if place + 1 == len(finding.events) else "failed"


def _by_name(trace: Trace, finding: Finding, place: int) -> str:
    decisive = place == max(0, len(finding.events) - 1)
    return finding.anomaly.replace("_", " ") if decisive else ""


_SAY: dict[str, Callable[[Trace, Finding, int], str]] = {
    "dirty_read": _dirty,
    "duplicate_effect": _duplicate,
    "lost_message": _lost,
    "needless_revocation": _needless,
    "reordered": _reordered,
    "skipped_offset": _skipped,
    "stuck": _stuck,
    "work_after_revoked": _after_revoked,
    "zombie_write": _zombie,
}


def _event(trace: Trace, finding: Finding, place: int) -> Event:
    return trace.events[finding.events[place] if finding.events else -1]


def _of_how_many(trace: Trace, finding: Finding) -> str:
    first = _event(trace, finding, 0)
    if not isinstance(first, Delivered):
        return ""
    copy = first.queue, first.message
    return f" of {sum((event.queue, event.message) == copy for event in trace.of(Delivered))}"


PASSES = OffsetsCommitted | TransactionEnded | LogTruncated
"""Events by which records are gone that they do not name."""


def _missing(finding: Finding) -> str:
    """The kind of what was never made, as the sentence of a lost message says it."""
    return finding.sentence.rpartition(", and no ")[2].partition(" for it was made")[0]


def _owed_kinds(trace: Trace, event: Event) -> list[str]:
    """The kinds of side effects that a lost message owes."""
    message = getattr(event, "message", None)
    return [owed.kind for owed in trace.of(Owed) if owed.message == message]
