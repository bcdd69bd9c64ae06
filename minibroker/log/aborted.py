"""The transactions of a partition that were aborted, for readers that must leave them out.

Rule: this file knows offsets only. A ``read_committed`` consumer is given all batches below the
last stable offset, and with them the aborted transactions that overlap; it leaves out what their
producers wrote from the first offset to the control batch (KIP-98, "Reading Transactional
Messages"; Kafka's transaction index).
"""

from bisect import bisect_left
from collections.abc import Collection
from operator import attrgetter
from typing import NamedTuple


class Aborted(NamedTuple):
    """An aborted transaction; `last_offset` is that of the control batch that ended it."""

    producer_id: int
    first_offset: int
    last_offset: int


_last = attrgetter("last_offset")


class AbortedIndex:
    """The aborted transactions, in the order in which they ended."""

    __slots__ = ("_all",)

    def __init__(self) -> None:
        self._all: list[Aborted] = []

    def add(self, aborted: Aborted) -> None:
        """One has ended, later than all others."""
        self._all.append(aborted)

    def overlapping(self, start: int, end: int) -> list[Aborted]:
        """Those with an offset from `start` on and before `end`, in the order they ended."""
        if not self._all:
            return []
        # Each from here on ends after `start`, but it may have begun after `end`.
        later = self._all[bisect_left(self._all, start, key=_last) :]
        return [aborted for aborted in later if aborted.first_offset < end]

    def ended_before(self, offset: int) -> list[Aborted]:
        """Those whose control batch stands before `offset`."""
        return self._all[: bisect_left(self._all, offset, key=_last)]

    def truncate(self, to: int) -> None:
        """The log ends at `to` again: transactions that ended there or later have not ended."""
        del self._all[bisect_left(self._all, to, key=_last) :]

    def delete_before(self, offset: int) -> None:
        """Nothing before `offset` can be read any more."""
        del self._all[: bisect_left(self._all, offset, key=_last)]

    def remove(self, forgotten: Collection[Aborted]) -> None:
        """Of these nothing is left that must be left out."""
        if forgotten:
            self._all = [aborted for aborted in self._all if aborted not in forgotten]
