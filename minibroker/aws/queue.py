"""One queue: its copies, where each of them is, and when the next of them moves by itself.

Rules that hold after every method:

- A copy is in exactly one state: delayed, ready, held or gone. The three counts say how many.
- A held copy has one holder: its last receive, until its visibility timeout is over.
- No method looks at all copies, but for `clear`. What has left a heap's order is left in it and
  skipped when it comes to the top, and a heap that is mostly such is swept, so the cost of a call
  does not grow with the backlog.
"""

import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from minibroker.aws.lines import Groups, Standard
from minibroker.aws.message import DELAYED, GONE, HELD, READY, Copy, Message, Poll
from minibroker.aws.queue_settings import Settings
from minibroker.aws.terms import DEDUPLICATION
from minibroker.aws.windows import Window

Due = list[tuple[int, int, Copy]]
"""A heap of (time, position or receipt, copy)."""

SWEEP = 1_000
"""A heap is swept when it has this many entries more than twice its use."""


class Queue:
    """A queue of one region. `number` is another one for each that was ever made."""

    def __init__(self, number: int, name: str, arn: str, settings: Settings, now: int) -> None:
        self.number, self.name, self.arn = number, name, arn
        self.settings = settings
        self.tags: dict[str, str] = {}
        self.created = self.modified = now
        self.purged: int | None = None
        self.deleted = False
        self.copies: dict[int, Copy] = {}
        self.counts = {DELAYED: 0, READY: 0, HELD: 0}
        self.polls: deque[Poll] = deque()
        self.sent: Window[tuple[str, str, int]] = Window(DEDUPLICATION)
        """Message id, sequence number and trace number of what was sent with a deduplication id."""
        self.attempts: Window[list[tuple[Copy, int]]] = Window(DEDUPLICATION)
        """What was received, and by which receipts, in an attempt that has an id."""
        self.timer: int | None = None
        """When the next look at what moves by itself is due, if it is."""
        self.dead_letter_sources = 0
        self._line: Standard | Groups = Groups() if settings.fifo else Standard()
        self._positions = 0
        self._delayed: Due = []
        self._held: Due = []
        self._ages: Due = []

    @property
    def fifo(self) -> bool:
        """Whether it is a FIFO queue."""
        return self.settings.fifo

    # --- copies come and go ----------------------------------------------------------------

    def add(self, message: Message, now: int, due: int = 0, moved: Copy | None = None) -> Copy:
        """A copy arrives, to be visible at `due`. One that was `moved` here from another queue
        brings what it was before: see `Copy`."""
        self._positions += 1
        copy = Copy(message, self._positions, now)
        if moved is not None:
            enqueued = now if self.fifo else moved.enqueued
            copy = replace(
                moved,
                message=message,
                position=self._positions,
                enqueued=enqueued,
                receives_here=0,
                state=READY,
                receipt=0,
            )
        self.copies[copy.position] = copy
        heapq.heappush(self._ages, (copy.enqueued, copy.position, copy))
        if due > now:
            copy.state, copy.until = DELAYED, due
            heapq.heappush(self._delayed, (due, copy.position, copy))
            self.counts[DELAYED] += 1
        else:
            self._line.put(copy)
            self.counts[READY] += 1
        return copy

    def take(self, most: int) -> list[Copy]:
        """The next ready copies, at most so many. Each has to be given to `hold` or `remove`."""
        taken = self._line.take(most)
        self.counts[READY] -= len(taken)
        self.counts[HELD] += len(taken)
        for copy in taken:
            copy.state, copy.until = HELD, -1
        return taken

    def hold(self, copy: Copy, until: int) -> None:
        """A taken or held copy hides until then."""
        copy.until = until
        heapq.heappush(self._held, (until, copy.receipt, copy))
        if len(self._held) > 2 * self.counts[HELD] + SWEEP:
            self._held = [each for each in self._held if _holds(each)]
            heapq.heapify(self._held)

    def remove(self, copy: Copy) -> None:
        """A copy is gone for good."""
        self.counts[copy.state] -= 1
        was, copy.state = copy.state, GONE
        del self.copies[copy.position]
        if was is HELD:
            self._line.release(copy)
        elif was is READY:
            self._line.skip(copy)
        if len(self._ages) > 2 * len(self.copies) + SWEEP:
            self._ages = [each for each in self._ages if each[2].state is not GONE]
            heapq.heapify(self._ages)

    def release(self, copy: Copy) -> None:
        """A held copy is visible again."""
        copy.state = READY
        self.counts[HELD] -= 1
        self.counts[READY] += 1
        self._line.put(copy)

    def clear(self) -> list[Copy]:
        """All copies are gone, and what is remembered of deduplication ids; gives the copies in the
        order of their arrival."""
        gone = list(self.copies.values())
        for copy in gone:
            copy.state = GONE
        self.copies.clear()
        self.counts = dict.fromkeys(self.counts, 0)
        self._line = Groups() if self.fifo else Standard()
        self._delayed, self._held, self._ages = [], [], []
        self.sent = Window(DEDUPLICATION)
        return gone

    # --- what moves by itself --------------------------------------------------------------

    def expired(self, now: int) -> Copy | None:
        """A copy whose retention period is over, the oldest first."""
        ages = self._ages
        while ages:
            if ages[0][2].state is GONE:
                heapq.heappop(ages)
            elif ages[0][0] + self.settings.retention <= now:
                return heapq.heappop(ages)[2]
            else:
                break
        return None

    def undelay(self, now: int) -> bool:
        """Let what was delayed until now be visible. Gives whether anything was. A FIFO queue's
        delay counts for what is in it already (SQS Developer Guide, "Delay queues")."""
        found = False
        while self._delayed:
            due, _, copy = self._delayed[0]
            if copy.state is not DELAYED:
                heapq.heappop(self._delayed)
                continue
            if self.fifo:
                due = copy.enqueued + self.settings.delay
            if due > now:
                break
            heapq.heappop(self._delayed)
            copy.state, found = READY, True
            self.counts[DELAYED] -= 1
            self.counts[READY] += 1
            self._line.put(copy)
        return found

    def overdue(self, now: int) -> Copy | None:
        """A held copy whose visibility timeout is over; it has to be released."""
        held = self._held
        while held:
            if not _holds(held[0]):
                heapq.heappop(held)
            elif held[0][0] <= now:
                return heapq.heappop(held)[2]
            else:
                break
        return None

    def next_due(self) -> int | None:
        """When the next copy becomes visible by itself, after `undelay` and `overdue`."""
        due = self._held[0][0] if self._held else None
        if self._delayed:
            copy = self._delayed[0][2]
            first = copy.enqueued + self.settings.delay if self.fifo else self._delayed[0][0]
            due = first if due is None else min(due, first)
        return due


def _holds(entry: tuple[int, int, Copy]) -> bool:
    """Whether an entry still says until when its copy is held."""
    until, receipt, copy = entry
    return copy.state is HELD and copy.until == until and copy.receipt == receipt


def facts(queue: Queue) -> Mapping[str, str]:
    """What GetQueueAttributes tells beside the settings; the counts are of now."""
    return {
        "ApproximateNumberOfMessages": str(queue.counts[READY]),
        "ApproximateNumberOfMessagesDelayed": str(queue.counts[DELAYED]),
        "ApproximateNumberOfMessagesNotVisible": str(queue.counts[HELD]),
        "QueueArn": queue.arn,
    }
