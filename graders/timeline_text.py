"""A timeline as plain text: for terminals, for screen readers, and where no picture is shown.

One row a line in columns, at most `WIDTH` wide; a row that needs more goes on below. ``✗``
marks a fault, ``!`` what failed by itself, ``◀`` begins the note of an anomaly.

>>> from graders.timeline import Lane, Row, Timeline
>>> lanes = Lane("queue", "orders"), Lane("process", "worker#1")
>>> rows = [Row(3000, 5, 0, 1, "deliver order-1", "deliver")]
>>> print(text(Timeline("A run without faults", lanes, tuple(rows))))
A run without faults
<BLANKLINE>
time/s  effect  from       to          what
 0.003       5  orders   → worker#1    deliver order-1
"""

from collections.abc import Iterator
from unicodedata import east_asian_width

from graders.timeline import Row, Timeline

WIDTH = 100
MOST_OF_A_LANE = 18
DAY = 86_400 * 1_000_000
FAILED = frozenset({"error", "failed"})
"""Kinds of rows that tell of what failed by itself."""


def text(timeline: Timeline) -> str:
    """The whole timeline; lines end in line feeds but for the last one."""
    names = [_cut(lane.name, MOST_OF_A_LANE) for lane in timeline.lanes]
    wide = max([len("worker#1"), *map(columns, names)])
    times = max([len("time/s"), *(len(seconds(row.at)) for row in timeline.rows)])
    lines = [
        *wrapped(timeline.title, WIDTH),
        "",
        f"{'time/s':<{times}}  effect  {_padded('from', wide)}   {_padded('to', wide)}    what",
    ]
    for row in timeline.rows:
        start = names[row.start] if row.start is not None else ""
        to = names[row.to] if row.to is not None else ""
        number = str(row.number) if row.number is not None else ""
        arrow = "→" if start and to else " "
        before = (
            f"{seconds(row.at):>{times}}  {number:>6}  {_padded(start, wide)}{arrow:>2} "
            f"{_padded(to, wide)} {symbol(row):>2} "
        )
        first, *more = wrapped(what(row), WIDTH - columns(before))
        lines.append((before + first).rstrip())
        lines.extend(" " * columns(before) + line for line in more)
    return "\n".join(lines)


def sentences(timeline: Timeline) -> str:
    """The timeline told in sentences, for who hears it."""
    return " ".join([f"{timeline.title}.", *(sentence(timeline, row) for row in timeline.rows)])


def sentence(timeline: Timeline, row: Row) -> str:
    """One row told by itself."""
    start = timeline.lanes[row.start].name if row.start is not None else ""
    to = timeline.lanes[row.to].name if row.to is not None else ""
    who = f"{start} to {to}" if start and to else start
    effect = f", effect {row.number}" if row.number is not None else ""
    fault = "fault, " if row.kind == "crash" else ""
    note = f" Anomaly: {row.note or 'here'}." if row.anomaly else ""
    return f"At {seconds(row.at)} s{effect}, {who}{': ' if who else ''}{fault}{row.text}.{note}"


def seconds(at: int) -> str:
    """A time in seconds, as everywhere in verdicts; after a day without the thousandths."""
    return f"{at / 1_000_000:.3f}" if at < DAY else f"{at / 1_000_000:.0f}"


def symbol(row: Row) -> str:
    """What marks a row that went wrong: by a fault, or by itself."""
    if row.fault:
        return "✗"
    return "!" if row.kind in FAILED else ""


def what(row: Row) -> str:
    """A row's text with its note."""
    if not row.anomaly:
        return row.text
    return f"{row.text}  ◀ {row.note}" if row.note else f"{row.text}  ◀"


def columns(shown: str) -> int:
    """How many columns a text takes on a terminal."""
    if shown.isascii():
        return len(shown)
    return len(shown) + sum(east_asian_width(letter) in "WF" for letter in shown)


def wrapped(long: str, width: int) -> list[str]:
    """A text in lines of at most `width` columns, broken at spaces where there are any. Runs of
    spaces inside a line stay."""
    lines, line = [], ""
    for word in _words(long, width):
        if line and columns(line) + columns(word.rstrip(" ")) > width:
            lines.append(line.rstrip(" "))
            line = ""
            word = word.lstrip(" ")
        line += word
    return [*lines, line.rstrip(" ")]


def _words(long: str, width: int) -> Iterator[str]:
    """Pieces that together are the text: words with the spaces before them, none too wide."""
    word = ""
    for letter in long:
        begins = letter == " " and not word.endswith(" ") and bool(word)
        if begins or columns(word) + columns(letter) > width:
            yield word
            word = ""
        word += letter
    if word:
        yield word


def _padded(name: str, wide: int) -> str:
    return name + " " * (wide - columns(name))


def _cut(name: str, most: int) -> str:
    while columns(name) > most:
        name = name[:-2] + "…"
    return name
