"""A run as a timeline: who did what to whom, in order, for a person to read.

`build` makes it from a run's trace; `timeline_text` and `timeline_svg` draw it. Lanes are the
producer (what the scenario plays), each queue, each partition of a topic, each incarnation of each
process, and the ledgers that were used. A row is one thing that happened: an arrow from lane to
lane, or a dot on one lane.

Rows are at most `MOST_ROWS`, or as many as are asked for. Of a longer run the beginning and the
end are kept, and what stands around each fault and each anomaly; a row says how many were left out
between.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from graders.judges import Finding
from graders.stage import Run
from graders.timeline_draft import PRODUCER, Draft, Kind, LaneKind, Place
from graders.timeline_faults import title
from graders.timeline_notes import notes
from graders.timeline_rows import Reading
from minibroker.sim.trace import Trace

MOST_ROWS = 60
HEAD, TAIL = 18, 10
BEFORE, AFTER = 4, 2
"""Rows that are kept before and after one that is marked."""

GAPS = 6
"""Room for the rows that say how many were left out."""

FAULTS = frozenset({"crash", "fault"})
"""Kinds of rows that tell what was done to the code."""

TURNS = frozenset({"start", "exit", "failed"})


@dataclass(frozen=True, slots=True)
class Lane:
    """One column. `born` is the row in which it begins (None: it was there from the start),
    `dead` the row in which it ends (None: it did not), `crashed` whether by a crash."""

    kind: LaneKind
    name: str
    born: int | None = None
    dead: int | None = None
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened, at `at` microseconds.

    `number` is the effect's number, None for what is nobody's effect. `start` and `to` are
    positions in the timeline's lanes: an arrow when both are there, a dot when only `start`
    is. `fault` marks what was done to the code, `anomaly` what must not happen, with a `note`.
    `events` are the positions in the trace that the row tells of.
    """

    at: int
    number: int | None
    start: int | None
    to: int | None
    text: str
    kind: Kind
    fault: bool = False
    anomaly: bool = False
    note: str = ""
    events: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """What there is to see of a run."""

    title: str
    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]


def build(run: Run, findings: Sequence[Finding] = (), most: int = MOST_ROWS) -> Timeline:
    """The timeline of a run in at most `most` rows, with the events of `findings` marked."""
    return _build(run.trace, findings, most, 0)


def build_of(trace: Trace, findings: Sequence[Finding] = (), most: int = MOST_ROWS) -> Timeline:
    """That of a trace which is no run's but a broker's that real clients use. Its times are counted
    from its first event on, for they come from the clock on the wall."""
    return _build(trace, findings, most, trace.events[0].at if trace.events else 0)


def _build(trace: Trace, findings: Sequence[Finding], most: int, since: int) -> Timeline:
    reading = Reading(trace)
    marks = notes(trace, findings)
    drafts = [row for row in reading.rows if _worth_a_row(row, marks)]
    spans = _kept(drafts, marks, most)
    lanes = _lanes(reading, [drafts[begin] for begin, end in spans if end == begin + 1])
    index = {place: position for position, place in enumerate(lanes)}
    found = {
        id(draft): position
        for position, (begin, end) in enumerate(spans)
        for draft in drafts[begin:end]
    }
    rows = (
        _row(drafts[begin], marks, index) if end == begin + 1 else _cut(drafts[begin:end])
        for begin, end in spans
    )
    return Timeline(
        title(trace),
        tuple(_lane(reading, place, found) for place in lanes),
        tuple(replace(row, at=row.at - since) for row in rows) if since else tuple(rows),
    )


Marks: TypeAlias = dict[int, str]
"""A note, possibly empty, for each position in the trace that an anomaly is made of."""


def _worth_a_row(row: Draft, marks: Marks) -> bool:
    """A run that came to rest says so in its last row only if that is all there is to mark."""
    return row.kind != "end" or _marked(row, marks)


def _marked(row: Draft, marks: Marks) -> bool:
    return row.kind in FAULTS or any(event in marks for event in row.events)


def _row(draft: Draft, marks: Marks, lanes: dict[Place, int]) -> Row:
    found = [marks[event] for event in draft.events if event in marks]
    return Row(
        at=draft.at,
        number=draft.number,
        start=lanes[draft.start] if draft.start is not None else None,
        to=lanes[draft.to] if draft.to is not None else None,
        text=draft.sentence,
        kind=draft.kind,
        fault=draft.kind in FAULTS,
        anomaly=bool(found),
        note="; ".join(dict.fromkeys(note for note in found if note)),
        events=tuple(draft.events),
    )


def _cut(left_out: Sequence[Draft]) -> Row:
    """The row that stands for many."""
    text = f"{len(left_out)} rows are left out here"
    often = [
        f"{times} {_OFTEN[kind]}"
        for kind, times in Counter(row.kind for row in left_out).most_common(2)
        if times > 2 and kind in _OFTEN
    ]
    if often:
        text += f", among them {' and '.join(often)}"
    events = tuple(event for row in left_out for event in row.events)
    return Row(left_out[0].at, None, None, None, text, "cut", events=events)


_OFTEN: dict[Kind, str] = {
    "deliver": "deliveries",
    "effect": "side effects",
    "publish": "publishes",
    "read": "reads",
    "requeue": "requeues",
    "settle": "settlements",
    "dead letter": "dead letters",
    "commit": "commits",
    "append": "appends",
    "offset": "committed offsets",
    "rebalance": "steps of rebalances",
}


def _kept(drafts: Sequence[Draft], marks: Marks, most: int) -> list[tuple[int, int]]:
    """What becomes a row each: spans of rows by position, of one row, or of many to leave out.

    Marked rows come first, then those where a process failed or began again."""
    count = len(drafts)
    keep = set(range(count))
    if count > most:
        keep = {*range(HEAD), *range(count - TAIL, count)}
        wanted = [position for position in range(count) if _marked(drafts[position], marks)]
        wanted += [position for position in range(count) if drafts[position].kind in TURNS]
        for position in wanted:
            around = set(range(max(0, position - BEFORE), min(count, position + AFTER + 1)))
            if len(keep | around) <= most - GAPS:
                keep |= around
    spans: list[tuple[int, int]] = []
    position = 0
    while position < count:
        end = position + 1
        if position not in keep:
            while end < count and end not in keep:
                end += 1
        if end - position > 2:
            spans.append((position, end))
        else:  # to say that two are left out takes as much room as one of them
            spans += [(one, one + 1) for one in range(position, end)]
        position = end
    return spans


def _lanes(reading: Reading, shown: Sequence[Draft]) -> list[Place]:
    """The lanes that the shown rows need, in their order from left to right."""
    used = dict.fromkeys(
        place for row in shown for place in (row.start, row.to) if place is not None
    )
    incarnations = dict.fromkeys(
        [*reading.incarnations, *(name for kind, name in used if kind == "process")]
    )
    processes = dict.fromkeys(who.rpartition("#")[0] for who in incarnations)
    return [
        *(place for place in used if place == PRODUCER),
        *(("queue", name) for name in reading.queues if ("queue", name) in used),
        *(("partition", name) for name in reading.partitions if ("partition", name) in used),
        *(
            ("process", who)
            for process in processes
            for who in incarnations
            if who.rpartition("#")[0] == process and ("process", who) in used
        ),
        *(place for place in used if place[0] == "ledger"),
    ]


def _lane(reading: Reading, place: Place, found: dict[int, int]) -> Lane:
    kind, name = place
    if kind != "process":
        return Lane(kind, name)
    birth, death = reading.births.get(name), reading.deaths.get(name)
    return Lane(
        kind,
        name,
        found.get(id(birth)) if birth is not None else None,
        found.get(id(death)) if death is not None else None,
        death is not None and death.kind == "crash",
    )
