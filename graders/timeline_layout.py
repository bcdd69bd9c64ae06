"""Where everything stands in a timeline's picture, in pixels, before a line of it is drawn.

No renderer is asked how wide a text is, so widths are estimated by letter, after the widest of
the fonts that browsers take for sans-serif. A text that needs more than there is room for is
cut. Columns from left to right: the time, the effect's number, the lanes, the notes.
"""

from bisect import bisect_right
from collections.abc import Sequence
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
    heads, `labels` one for each row; `notes` is where notes begin."""

    lanes: tuple[float, ...]
    heads: tuple[float, ...]
    labels: tuple[Label, ...]
    notes: float
    width: float
    height: float
    heads_below: bool

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
    gaps = _gaps(rows, heads)
    first = LANES + (heads[0] / 2 if heads else 0)
    lanes = [*accumulate(gaps, initial=first)] if heads else []
    last = lanes[-1] + heads[-1] / 2 if heads else LANES + 300.0
    beside = [min(_right_end(row, lanes), last + MOST_PAST) for row in rows]
    noted = [end for row, end in zip(rows, beside, strict=True) if row.note]
    notes = max([last, *noted]) + 14
    note = max((width(row.note, SIZE, bold=True) + POINTER for row in rows if row.note), default=0)
    total = max([420, notes + min(note, MOST_NOTE), *beside]) + MARGIN
    labels = tuple(_label(row, lanes, notes - 8 if row.note else total - 8) for row in rows)
    below = len(rows) > REPEAT_HEADS
    height = TITLE + HEADER + ROW * len(rows) + 16 + (HEADER if below else 0)
    return Layout(tuple(lanes), tuple(heads), labels, notes, total, height, below)


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


def _gaps(rows: Sequence[Row], heads: Sequence[float]) -> list[float]:
    """How far apart the lifelines are: enough for the heads, and within bounds for labels."""
    gaps = [(one + other) / 2 + 16 for one, other in pairwise(heads)]
    spans = [
        (min(row.start, row.to), max(row.start, row.to), _needs(row) + 28)
        for row in rows
        if row.start is not None and row.to is not None and row.start != row.to
    ]
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


def _right_end(row: Row, lanes: Sequence[float]) -> float:
    """How far right a label beside a lifeline would like to reach."""
    if row.start is None or row.to is not None:
        return 0.0
    return lanes[row.start] + BESIDE + _needs(row) + 1


def _label(row: Row, lanes: Sequence[float], right: float) -> Label:
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
        begin = lane + BESIDE
        if need > right - begin and lane - left > right - lane:
            end = lane - BESIDE
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
