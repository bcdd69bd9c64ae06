"""A timeline as a picture: a sequence diagram in hand-written SVG 1.1, time running downward.

The picture carries itself: no style sheet, no script, no font or other file, its own white
ground, so it looks the same in a notebook of any theme and in a feedback page. What colour says
a shape or a word says too: a fault is a cross, an anomaly a note with a pointer, a dead process
a dashed line. Colours of text keep a contrast of at least 4.5 to what is behind them (WCAG 2.1,
1.4.3), lines of at least 3 (1.4.11).
"""

import hashlib
import html
import re
from collections.abc import Sequence

from graders.timeline import Lane, Row, Timeline
from graders.timeline_layout import (
    HEADER,
    LANES,
    MARGIN,
    NUMBERS,
    POINTER,
    ROW,
    SIZE,
    TIMES,
    TITLE,
    Layout,
    fit,
    heavy,
    is_arrow,
    layout,
    width,
)
from graders.timeline_text import FAILED, seconds, sentences

INK, FAINT, LINE, ALIVE, ALIVE_EDGE = "#1f2328", "#57606a", "#7d8590", "#dbeafe", "#5b7fb5"
FAULT, FAULT_BAND = "#a4161a", "#fdecea"
ANOMALY, ANOMALY_BAND, ANOMALY_EDGE = "#7a4100", "#fff1cc", "#b26a00"
FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"

HEADS = {
    "producer": ("scenario", "#f0f1f3", "#6e7781"),
    "queue": ("queue", "#fff4e0", "#9a6700"),
    "partition": ("partition", "#fff4e0", "#9a6700"),
    "process": ("your code", "#e6f0ff", "#3d6bb3"),
    "ledger": ("outside", "#eaf6ec", "#2f7a43"),
}
"""What stands under a lane's name, its ground and its border."""

DASHED = frozenset({
    "requeue", "read", "poll", "dedup", "error", "subscribe", "decline", "not accepted", "ignored",
})  # fmt: skip
"""Arrows by which nothing new reaches anybody."""


def svg(timeline: Timeline, of: str = "") -> str:
    """The picture. Its ids are made from what it shows and from `of`, so give each of two equal
    pictures on one page another `of`."""
    # A page's own rules for pictures must not squeeze it: its letters would get too small.
    told = sentences(timeline)
    prefix = "tl" + hashlib.sha256(f"{of}\n{told}".encode("utf-8", "replace")).hexdigest()[:12]
    places = layout(timeline)
    wide, high = _n(places.width), _n(places.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" role="img" width="{wide}" '
        f'height="{high}" viewBox="0 0 {wide} {high}" aria-labelledby="{prefix}t" '
        f'aria-describedby="{prefix}d" '
        f'style="max-width:100%;min-width:{_narrowest(wide)}px;height:auto" '
        f'font-family="{FONT}" font-size="{SIZE}" fill="{INK}">',
        f'<title id="{prefix}t">{escaped(timeline.title)}</title>',
        f'<desc id="{prefix}d">{escaped(told)}</desc>',
        f'<rect x="0.5" y="0.5" width="{_n(places.width - 1)}" height="{_n(places.height - 1)}" '
        f'rx="8" fill="#ffffff" stroke="#afb8c1"/>',
        _text(MARGIN, 23, timeline.title, places.width - 2 * MARGIN, 'font-size="14"', True, 14),
        _small(TIMES, TITLE + 28, "end", "seconds"),
        _small(NUMBERS, TITLE + 28, "middle", "effect"),
        *(_band(places, row, index) for index, row in enumerate(timeline.rows)),
        *(_lifeline(places, timeline.lanes, index) for index in range(len(timeline.lanes))),
        *(
            _head(places, lane, index, TITLE)
            for index, lane in enumerate(timeline.lanes)
            if index not in places.before
        ),
        *(_row(places, row, index) for index, row in enumerate(timeline.rows)),
    ]
    parts += [
        _later_head(places, lane, index)
        for index, lane in enumerate(timeline.lanes)
        if index in places.before
    ]
    if places.heads_below:
        below = places.top(len(timeline.rows)) + 4
        parts += [
            _head(places, lane, index, below)
            for index, lane in enumerate(timeline.lanes)
            if index not in places.after
        ]
    return "\n".join([*filter(None, parts), "</svg>"])


def escaped(text: str) -> str:
    """Text as XML may hold it; what it may not (XML 1.0, 2.2) becomes U+FFFD."""
    return html.escape(_FORBIDDEN.sub("\ufffd", text))


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# --- lanes -----------------------------------------------------------------------------------


def _head(places: Layout, lane: Lane, index: int, top: float) -> str:
    under, ground, border = HEADS[lane.kind]
    if lane.kind == "process" and "#" not in lane.name:
        under = "the shop's"  # an incarnation of the learner's has its number behind its name
    wide, middle = places.heads[index], places.lanes[index]
    name = fit(lane.name, wide - 14, SIZE, bold=True)
    full = f"<title>{escaped(lane.name)}</title>" if name != lane.name else ""
    return (
        f'<rect x="{_n(middle - wide / 2)}" y="{_n(top)}" width="{_n(wide)}" height="34" rx="6" '
        f'fill="{ground}" stroke="{border}"/>'
        f'<text x="{_n(middle)}" y="{_n(top + 15)}" text-anchor="middle" font-weight="700">'
        f"{full}{escaped(name)}</text>"
        f"{_small(middle, top + 28, 'middle', under)}"
    )


def _later_head(places: Layout, lane: Lane, index: int) -> str:
    """The head of an incarnation that stands below the one before it, where it begins."""
    _, ground, border = HEADS[lane.kind]
    wide, middle = places.heads[index], places.lanes[index]
    y = _begins(places, lane, 0)
    return (
        f'<rect x="{_n(middle - wide / 2)}" y="{_n(y - 10)}" width="{_n(wide)}" height="20" '
        f'rx="6" fill="{ground}" stroke="{border}"/>'
        f'<text x="{_n(middle)}" y="{_n(y + 4)}" text-anchor="middle" font-weight="700">'
        f"{escaped(fit(lane.name, wide - 14, SIZE, bold=True))}</text>"
    )


def _begins(places: Layout, lane: Lane, otherwise: float) -> float:
    return places.top(lane.born) + 17 if lane.born is not None else otherwise


def _lifeline(places: Layout, lanes: Sequence[Lane], index: int) -> str:
    lane = lanes[index]
    x = places.lanes[index]
    top, bottom = TITLE + 34.0, places.height - (HEADER + 6 if places.heads_below else 8)
    if (later := places.after.get(index)) is not None:
        bottom = _begins(places, lanes[later], bottom)
    if lane.kind != "process":
        return _line(x, top, x, bottom, LINE)
    born = _begins(places, lane, top)
    dead = places.top(lane.dead) + 17 if lane.dead is not None else bottom
    alive = (
        f'<rect x="{_n(x - 4)}" y="{_n(born)}" width="8" height="{_n(max(0, dead - born))}" '
        f'fill="{ALIVE}" stroke="{ALIVE_EDGE}"/>'
    )
    before = (
        _line(x, top, x, born, "#c4cad1", 'stroke-dasharray="1 5"')
        if born > top and index not in places.before
        else ""
    )
    after = _line(x, dead, x, bottom, LINE, 'stroke-dasharray="4 4"') if dead < bottom else ""
    return before + after + alive


# --- rows ------------------------------------------------------------------------------------


def _band(places: Layout, row: Row, index: int) -> str:
    ground, edge = _ground(row), FAULT if row.fault else ANOMALY_EDGE
    if ground == "#ffffff":
        return ""
    y = _n(places.top(index))
    return (
        f'<rect x="1" y="{y}" width="{_n(places.width - 2)}" height="{ROW}" fill="{ground}"/>'
        f'<rect x="1" y="{y}" width="4" height="{ROW}" fill="{edge}"/>'
    )


def _ground(row: Row) -> str:
    return FAULT_BAND if row.fault else ANOMALY_BAND if row.anomaly else "#ffffff"


def _colour(row: Row) -> str:
    return FAULT if row.fault or row.kind in FAILED else ANOMALY if row.anomaly else INK


def _row(places: Layout, row: Row, index: int) -> str:
    top, colour = places.top(index), _colour(row)
    parts = [
        f'<text x="{TIMES}" y="{_n(top + 21)}" text-anchor="end" font-size="11" fill="{FAINT}">'
        f"{seconds(row.at)}</text>",
        _number(row, top),
    ]
    if is_arrow(row):
        parts.append(_arrow(places, row, top, colour))
    elif row.start is not None:
        parts.append(_dot(places.lanes[row.start], top + 17, row, colour))
    elif row.kind == "failed":
        parts.append(_dot(LANES + 4, top + 17, row, colour))
    parts += [_label(places, row, index, colour), _note(places, row, top)]
    return "".join(parts)


def _number(row: Row, top: float) -> str:
    if row.number is None:
        return ""
    digits = str(row.number)
    wide = max(18.0, width(digits, 10) + 8)
    return (
        f'<rect x="{_n(NUMBERS - wide / 2)}" y="{_n(top + 8)}" width="{_n(wide)}" height="18" '
        f'rx="9" fill="#ffffff" stroke="{FAINT}"/>'
        f'<text x="{NUMBERS}" y="{_n(top + 21)}" text-anchor="middle" font-size="10">'
        f"{digits}</text>"
    )


def _arrow(places: Layout, row: Row, top: float, colour: str) -> str:
    assert row.start is not None
    assert row.to is not None
    begin, end, y = places.lanes[row.start], places.lanes[row.to], top + 24
    way = 1 if end > begin else -1
    begin, end = begin + 5 * way, end - 5 * way
    dashes = ' stroke-dasharray="5 3"' if row.kind in DASHED else ""
    stroke = "2" if heavy(row) or row.anomaly else "1.3"
    return (
        _line(begin, y, end - 6 * way, y, colour, f'stroke-width="{stroke}"{dashes}')
        + f'<path d="M{_n(end)} {_n(y)}l{-9 * way} -4.5v9z" fill="{colour}"/>'
    )


def _dot(x: float, y: float, row: Row, colour: str) -> str:
    if row.fault:
        cross = f"M{_n(x - 8)} {_n(y - 8)}l16 16m0 -16l-16 16"
        return f'<path d="{cross}" stroke="{colour}" stroke-width="4" fill="none"/>'
    if row.kind == "failed":
        cross = f"M{_n(x - 6)} {_n(y - 6)}l12 12m0 -12l-12 12"
        return f'<path d="{cross}" stroke="{colour}" stroke-width="2" fill="none"/>'
    if row.kind in ("interrupt", "exit"):
        return _line(x - 8, y, x + 8, y, colour, 'stroke-width="2.5"')
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4" fill="{colour}"/>'


def _label(places: Layout, row: Row, index: int, colour: str) -> str:
    label, top = places.labels[index], places.top(index)
    base = top + (17 if is_arrow(row) else 21)
    # The lifelines behind a label are hidden, so that they do not cross its letters.
    behind = (
        f'<rect x="{_n(label.x - 3)}" y="{_n(base - 12)}" width="{_n(label.width + 6)}" '
        f'height="15" fill="{_ground(row)}"/>'
    )
    style = f'fill="{colour}"'
    if row.kind == "cut":
        style = f'fill="{FAINT}" font-style="italic"'
    full = f"<title>{escaped(label.full)}</title>" if label.shown != label.full else ""
    weight = ' font-weight="700"' if heavy(row) else ""
    return (
        f'{behind}<text x="{_n(label.x)}" y="{_n(base)}" {style}{weight}>'
        f"{full}{escaped(label.shown)}</text>"
    )


def _note(places: Layout, row: Row, top: float) -> str:
    if not row.anomaly:
        return ""
    x, y = places.notes, top + 17
    pointer = f'<path d="M{_n(x)} {_n(y)}l9 -6v12z" fill="{ANOMALY_EDGE}"/>'
    room = places.width - x - POINTER - MARGIN / 2
    return pointer + _text(x + POINTER, top + 21, row.note, room, f'fill="{ANOMALY}"', True)


def _small(x: float, y: float, anchor: str, text: str) -> str:
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="10" fill="{FAINT}">'
        f"{text}</text>"
    )


# --- pieces ----------------------------------------------------------------------------------


def _text(
    x: float, y: float, text: str, room: float, style: str, bold: bool, size: float = SIZE
) -> str:
    shown = fit(text, room, size, bold)
    full = f"<title>{escaped(text)}</title>" if shown != text else ""
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" {style}{weight}>{full}{escaped(shown)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return (
        f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" stroke="{colour}"'
        f"{' ' + more if more else ''}/>"
    )


def _narrowest(wide: str) -> int:
    """Pixels that the picture is never shrunk below: a notebook's column is often narrower than
    the picture, and what matters most stands at its right edge. Smaller than this nobody could
    read it, and it scrolls."""
    return min(round(float(wide)), max(640, round(0.7 * float(wide))))


def _n(value: float) -> str:
    """A number as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0")
