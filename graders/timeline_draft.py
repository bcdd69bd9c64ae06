"""Rows of a timeline while they are being made.

Rows are joined only where no order of events is lost by it: several copies that move together
at one moment; a poll, a sleep or a read that was repeated while nothing else happened.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from graders.timeline_copies import Copy
from graders.timeline_words import listed

Kind: TypeAlias = Literal[
    "publish", "deliver", "take", "settle", "requeue", "subscribe",
    "effect", "dedup", "commit", "read", "poll", "sleep", "call",
    "dead letter", "return", "not accepted", "decline",
    "append", "ignored", "offset", "transaction", "fenced", "rebalance", "cluster",
    "error", "crash", "fault", "start", "exit", "interrupt", "failed", "end", "cut",
]  # fmt: skip
"""What a row tells of: ``error`` is a call that raised in its process, ``failed`` a process or a
run that failed by itself, ``cut`` stands for rows that were left out; the others say it."""

LaneKind: TypeAlias = Literal["producer", "queue", "partition", "process", "ledger"]

Place: TypeAlias = tuple[LaneKind, str]
"""A lane by its kind and name; a queue may have the name of a ledger."""

PRODUCER: Place = ("producer", "producer")
"""What the scenario plays."""

QUIET = frozenset({"read", "poll", "sleep"})
"""Rows that change nothing, so repeating them may be told by a number."""


@dataclass(slots=True)
class Draft:
    """A row that may still grow. `start` is where it begins (None: nowhere in the picture), `to`
    where its arrow ends (None: it has none); `copies` stand between `text` and `after`."""

    at: int
    start: Place | None
    kind: Kind
    text: str
    to: Place | None = None
    number: int | None = None
    after: str = ""
    copies: list[Copy] = field(default_factory=list)
    times: int = 1
    events: list[int] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """The row's text as it stands now."""
        copies = listed([str(copy) for copy in self.copies])
        text = f"{self.text} {copies}{self.after}".lstrip() if copies else self.text
        return f"{text} ({self.times} times)" if self.times > 1 else text

    def alike(self, other: "Draft") -> bool:
        """Whether two rows about copies say the same of them at the same moment."""
        return (
            bool(self.copies)
            and (self.at, self.start, self.to) == (other.at, other.start, other.to)
            and (self.text, self.after, self.number) == (other.text, other.after, other.number)
        )


class Drafts:
    """The rows so far. `done` has the first row of each effect by its number."""

    def __init__(self) -> None:
        self.rows: list[Draft] = []
        self.done: dict[int, Draft] = {}
        self._quiet: dict[tuple[Place | None, Place | None, str], Draft] = {}

    @property
    def last(self) -> Draft | None:
        """The row that was added last."""
        return self.rows[-1] if self.rows else None

    def add(self, position: int, row: Draft, copy: Copy | None = None) -> Draft:
        """Add a row for the event at `position`, about `copy` if it is about one; gives the row
        that now tells of it, which may be one that was there."""
        kept = self._joined(row) or self._new(row)
        kept.events.append(position)
        if copy is not None:
            kept.copies.append(copy)
        return kept

    def _joined(self, row: Draft) -> Draft | None:
        if row.kind not in QUIET:
            return self.rows[-1] if self.rows and self.rows[-1].alike(row) else None
        same = self._quiet.get((row.start, row.to, row.text))
        if same is not None:
            same.times += 1
        return same

    def _new(self, row: Draft) -> Draft:
        if row.kind in QUIET:
            self._quiet[row.start, row.to, row.text] = row
        else:
            self._quiet.clear()
        self.rows.append(row)
        self.numbered(row)
        return row

    def numbered(self, row: Draft) -> None:
        """Remember a row as its effect's, unless the effect has one."""
        if row.number is not None:
            self.done.setdefault(row.number, row)
