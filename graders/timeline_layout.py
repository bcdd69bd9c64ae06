"""Where everything stands in a timeline's picture, in pixels, before a line of it is drawn.

No renderer is asked how wide a text is, so widths are estimated by letter, after the widest of
the fonts that browsers take for sans-serif. A text that needs more than there is room for is
cut. Columns from left to right: the time, the effect's number, the lanes, the notes.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from unicodedata import east_asian_width

from graders.timeline import Row, Timeline

SIZE = 12
"""Font size of labels, in pixels."""

ROW = 30
TITLE = 34
HEADER = 40
MARGIN = 14
TIMES = 62
"""Where the times end on their right."""

NUMBERS = 84
"""The middle of the effects' numbers."""

LANES = 112
"""Where the first lane's head begins."""

MOST_GAP = 210
MOST_NOTE = 220
MOST_PAST = 210
"""How far a label may reach past the last lane."""

MOST_HEAD = 150
POINTER = 14
"""From the beginning of a note's pointer to its text."""

BESIDE = 12
"""From a lifeline to a label beside it."""

SIDE_BY_SIDE = 3
"""More incarnations of a process than this share one column, each with its head where it begins."""

REPEAT_HEADS = 25
"""With more rows than this the heads stand below them too."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text at its place: `x` is where it begins. `shown` is the part of `full` that fits."""

    x: float
    width: float
    shown: str
    full: str


@dataclass(frozen=True, slots=True)
class Layout:
    """All places. `lanes` are the lifelines from left to right, `heads` the widths of their
    heads, `labels` one for each row; `notes` is where notes begin. Where a process has many
    incarnations their lifelines are one below the other: `after` has, for each lane, the lane that
    follows it in its column, and the other way round `before`."""

    lanes: tuple[float, ...]
    heads: tuple[float, ...]
    labels: tuple[Label, ...]
    notes: float
    width: float
    height: float
    heads_below: bool
    after: Mapping[int, int]
    before: Mapping[int, int]

    def top(self, row: int) -> float:
        """Where a row begins."""
        return TITLE + HEADER + ROW * row + 6


def layout(timeline: Timeline) -> Layout:
    """Places for a timeline."""
    rows = timeline.rows
    heads = [
        min(MOST_HEAD, max(width(lane.name, SIZE, bold=True), width("your code", 10)) + 20)
        for lane in timeline.lanes
    ]
    columns, after = _columns(timeline)
    before = {later: lane for lane, later in after.items()}
    widest: dict[int, float] = {}
    for column, head in zip(columns, heads, strict=True):
        widest[column] = max(head, widest.get(column, 0.0))
    gaps = _gaps(rows, columns, [*widest.values()])
    first = LANES + (widest[0] / 2 if heads else 0)
    middles = [*accumulate(gaps, initial=first)] if heads else []
    lanes = [middles[column] for column in columns]
    aside = [heads[lane] / 2 + 6 if lane in before else BESIDE for lane in range(len(lanes))]
    last = lanes[-1] + widest[columns[-1]] / 2 if heads else LANES + 300.0
    beside = [min(_right_end(row, lanes, aside), last + MOST_PAST) for row in rows]
    noted = [end for row, end in zip(rows, beside, strict=True) if row.note]
    notes = max([last, *noted]) + 14
    note = max((width(row.note, SIZE, bold=True) + POINTER for row in rows if row.note), default=0)
    total = max([420, notes + min(note, MOST_NOTE), *beside]) + MARGIN
    labels = tuple(_label(row, lanes, aside, notes - 8 if row.note else total - 8) for row in rows)
    below = len(rows) > REPEAT_HEADS
    height = TITLE + HEADER + ROW * len(rows) + 16 + (HEADER if below else 0)
    return Layout(tuple(lanes), tuple(heads), labels, notes, total, height, below, after, before)


def fit(text: str, room: float, size: float, bold: bool = False) -> str:
    """The text, or as much of its beginning as there is room for, and an ellipsis."""
    if width(text, size, bold) <= room:
        return text
    ends = list(accumulate(width(letter, size, bold) for letter in text))
    return text[: bisect_right(ends, room - width("…", size, bold))].rstrip() + "…"


def width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is, rather too much than too little."""
    units = sum(_WIDTHS.get(letter) or _wide(letter) for letter in text)
    return units * size * (1.1 if bold else 1.0)


def _columns(timeline: Timeline) -> tuple[list[int], dict[int, int]]:
    """The column of each lane, and for each lane the one that follows it in the same column."""
    incarnations: dict[str, list[int]] = {}
    for position, lane in enumerate(timeline.lanes):
        if lane.kind == "process":
            incarnations.setdefault(lane.name.rpartition("#")[0], []).append(position)
    after: dict[int, int] = {}
    for lives in incarnations.values():
        if len(lives) > SIDE_BY_SIDE and _one_after_another(timeline, lives):
            after.update(pairwise(lives))
    follow = set(after.values())
    columns = accumulate(int(n > 0 and n not in follow) for n in range(len(timeline.lanes)))
    return [*columns], after


def _one_after_another(timeline: Timeline, lives: Sequence[int]) -> bool:
    """Whether each of these lanes has its beginning in the picture, and nothing more to do with
    the one before it: else a row would seem to be of the other."""
    last = {
        lane: index
        for index, row in enumerate(timeline.rows)
        for lane in (row.start, row.to)
        if lane is not None
    }
    return all(
        (born := timeline.lanes[later].born) is not None and last.get(one, -1) < born
        for one, later in pairwise(lives)
    )


def _gaps(rows: Sequence[Row], columns: Sequence[int], heads: Sequence[float]) -> list[float]:
    """How far apart the columns are: enough for the heads, and within bounds for labels."""
    gaps = [(one + other) / 2 + 16 for one, other in pairwise(heads)]
    ends = [
        (columns[row.start], columns[row.to], _needs(row) + 28)
        for row in rows
        if row.start is not None and row.to is not None
    ]
    spans = [(min(one, other), max(one, other), need) for one, other, need in ends if one != other]
    for begin, end, need in sorted(spans, key=lambda span: span[1] - span[0]):
        lacks = need - sum(gaps[begin:end])
        if lacks > 0:
            gaps[begin] = min(max(gaps[begin], MOST_GAP), gaps[begin] + lacks)
    return gaps


def _needs(row: Row) -> float:
    return width(row.text, SIZE, heavy(row))


def heavy(row: Row) -> bool:
    """Whether a row's label is set in bold: what was done to the code, and what cannot be taken
    back."""
    return row.fault or row.kind == "effect"


def _right_end(row: Row, lanes: Sequence[float], aside: Sequence[float]) -> float:
    """How far right a label beside a lifeline would like to reach."""
    if row.start is None or row.to is not None:
        return 0.0
    return lanes[row.start] + _aside(row, aside) + _needs(row) + 1


def _aside(row: Row, aside: Sequence[float]) -> float:
    """How far from its lifeline a label begins: past the head, if one stands in the row."""
    return aside[row.start] if row.kind == "start" and row.start is not None else BESIDE


def _label(row: Row, lanes: Sequence[float], aside: Sequence[float], right: float) -> Label:
    """In the middle above the arrow, or beside the lifeline, on the side where there is room;
    always between the numbers and `right`."""
    left, need = LANES + 4.0, _needs(row)
    begin, end = left, right
    if row.start is None:
        begin += BESIDE
    elif row.to is not None and is_arrow(row):
        middle = (lanes[row.start] + lanes[row.to]) / 2
        begin = max(left, min(middle - need / 2, right - need))
    else:
        lane = lanes[row.start]
        begin = lane + _aside(row, aside)
        if need > right - begin and lane - left > right - lane:
            end = lane - _aside(row, aside)
            begin = max(left, end - need)
    shown = fit(row.text, end - begin, SIZE, heavy(row))
    return Label(begin, width(shown, SIZE, heavy(row)), shown, row.text)


def is_arrow(row: Row) -> bool:
    """Whether a row is drawn as an arrow, from one lifeline to another."""
    return row.start is not None and row.to is not None and row.start != row.to


_WIDTHS = dict.fromkeys("ijl'|!.,:;Iftr ()[]/`\u00b7", 0.4) | {
    **dict.fromkeys("il'|", 0.3),
    **dict.fromkeys("abcdeghknopqsuvxyz0123456789?#$*", 0.62),
    **dict.fromkeys("ABCDEFGHJKLNPRSTUVXYZ&_", 0.74),
    **dict.fromkeys("mwMOQ+<>=~^", 0.86),
    **dict.fromkeys('-"', 0.46),
    **dict.fromkeys("W@%…→◀", 1.0),
}


def _wide(letter: str) -> float:
    return 1.1 if east_asian_width(letter) in "WF" or ord(letter) > 0xFFFF else 0.8
