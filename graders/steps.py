"""A run step by step: for each row of its timeline, what it says and how things stand after it.

Plain values only (see `minibroker.sim.values`), so that a viewer needs nothing but JSON::

    {"title": "worker#1 crashes at effect 5",
     "start": 4,        the step that shows best what the run is about
     "stops": [9],      the steps at which something went wrong
     "steps": [{"sentence", "mark", "queues", "processes", "outside"}, ...],
     "picture": {"svg", "width", "height", "head", "rows": [[top, height, left, right], ...]}}

`mark` is ``fault`` (done to the code), ``anomaly`` (must not happen), ``failed`` (went wrong by
itself) or empty. The rest of a step is `graders.scene.Scene.shown`, which in a run with logs has
``"partitions"``, too.
"""

from collections.abc import Sequence

from graders.judges import Finding
from graders.scene import Scene
from graders.stage import Run
from graders.timeline import Row, Timeline, build
from graders.timeline_layout import HEADER, ROW, TITLE, Layout, layout
from graders.timeline_svg import svg
from graders.timeline_text import FAILED, sentence
from minibroker.sim.trace import Requested, Trace
from minibroker.sim.values import Value

MOST_STEPS = 200
"""More than a picture has rows: who steps through a run scrolls it anyway."""


def steps(run: Run, findings: Sequence[Finding] = ()) -> dict[str, Value]:
    """The steps of a run. One without a single row has none, and starts at 0."""
    timeline = build(run, findings, MOST_STEPS)
    shown, scene, position = [], Scene(run.trace), 0
    for row, end in zip(timeline.rows, _ends(timeline, run.trace), strict=True):
        for event in run.trace.events[position:end]:
            scene.tell(event)
        position = max(position, end)
        shown.append({"sentence": sentence(timeline, row), "mark": _mark(row), **scene.shown})
    stops = _stops(timeline, findings, len(run.trace))
    faults = [index for index, row in enumerate(timeline.rows) if row.fault]
    return {
        "title": timeline.title,
        "start": min(faults or stops or [0]),
        "stops": [*stops],
        "steps": [*shown],
        "picture": _picture(timeline),
    }


def _picture(timeline: Timeline) -> Value:
    """The picture, where its heads end, and where each row stands, in its own pixels."""
    places = layout(timeline)
    return {
        "svg": svg(timeline, of="step by step"),
        "width": places.width,
        "height": places.height,
        "head": TITLE + HEADER,
        "rows": [
            [places.top(index), ROW, *_across(places, row, index)]
            for index, row in enumerate(timeline.rows)
        ],
    }


def _across(places: Layout, row: Row, index: int) -> tuple[float, float]:
    """From where to where a row has something to say, from left to right."""
    label = places.labels[index]
    lanes = [places.lanes[lane] for lane in (row.start, row.to) if lane is not None]
    right = max(label.x + label.width, *lanes, places.width if row.anomaly else 0)
    return min(label.x, *lanes, right), right


def _ends(timeline: Timeline, trace: Trace) -> list[int]:
    """Up to where in the trace (exclusive) each row has been told: up to the call that the next
    one tells of, or to its first event. Rows may share events (a message for two queues)."""
    asked = {event.number: at for at, event in enumerate(trace) if isinstance(event, Requested)}
    first = [min(row.events, default=len(trace)) for row in timeline.rows]
    ends = []
    for begin, row, after in zip(first, timeline.rows[1:], first[1:], strict=False):
        call = asked.get(row.number, after) if row.number is not None else after
        ends.append(max(begin + 1, call if begin < call < after else after))
    return [*ends, len(trace)][: len(first)]


def _stops(timeline: Timeline, findings: Sequence[Finding], length: int) -> list[int]:
    """The row of each finding's decisive event, its last; without findings the first row in which
    a process, or the run, failed by itself."""
    decisive = {finding.events[-1] if finding.events else length - 1 for finding in findings}
    rows: dict[int, int] = {}
    for index, row in enumerate(timeline.rows):
        for event in row.events:
            rows.setdefault(event, index)
    stops = sorted({rows[position] for position in decisive if position in rows})
    failed = [index for index, row in enumerate(timeline.rows) if row.kind == "failed"]
    return stops or failed[:1]


def _mark(row: Row) -> str:
    if row.fault:
        return "fault"
    if row.anomaly:
        return "anomaly"
    return "failed" if row.kind in FAILED else ""
