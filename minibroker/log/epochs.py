"""The leader epochs of a replica's log: at which offset each began.

Rule: this file knows epochs and offsets only. Each election gives the partition a higher epoch, and
each batch carries the epoch of the leader that appended it. A replica that comes back asks the
leader where the last epoch that both know ended, and gives up what it has beyond that: the offsets
alone would not tell its own records from others at the same place (KIP-101, KIP-279).
"""

from bisect import bisect_right

UNDEFINED = (-1, -1)


class Epochs:
    """Epochs and the offsets at which they began, both rising."""

    __slots__ = ("_epochs", "_starts")

    def __init__(self) -> None:
        self._epochs: list[int] = []
        self._starts: list[int] = []

    @property
    def latest(self) -> int:
        """The last epoch, -1 if there is none."""
        return self._epochs[-1] if self._epochs else -1

    def entries(self) -> list[tuple[int, int]]:
        """Each epoch and the offset at which it began."""
        return list(zip(self._epochs, self._starts, strict=True))

    def assign(self, epoch: int, start: int) -> None:
        """An epoch begins at `start`; nothing changes if it is known already. An epoch in which
        nothing was appended gives way to the next."""
        if self._epochs and epoch <= self._epochs[-1]:
            return
        while self._starts and self._starts[-1] >= start:
            del self._epochs[-1], self._starts[-1]
        self._epochs.append(epoch)
        self._starts.append(start)

    def end_offset_for(self, epoch: int, log_end: int) -> tuple[int, int]:
        """The largest known epoch that is not larger than `epoch` and where it ended
        (OffsetForLeaderEpoch); (-1, -1) if `epoch` is larger than all known ones, or none are.
        An epoch before all known ones is said to end where the first of them begins."""
        if not self._epochs or epoch > self._epochs[-1]:
            return UNDEFINED
        if epoch == self._epochs[-1]:
            return epoch, log_end
        following = bisect_right(self._epochs, epoch)
        known = self._epochs[following - 1] if following else epoch
        return known, self._starts[following]

    def truncate(self, to: int) -> None:
        """The log ends at `to` again: epochs that began there or later are forgotten."""
        while self._starts and self._starts[-1] >= to:
            del self._epochs[-1], self._starts[-1]

    def delete_before(self, offset: int) -> None:
        """The log starts at `offset`: the epoch that goes on there is said to have begun there."""
        if self._starts and self._starts[0] < offset:
            following = bisect_right(self._starts, offset)
            del self._epochs[: following - 1], self._starts[: following - 1]
            self._starts[0] = offset

    def clear(self) -> None:
        """Nothing is known."""
        self._epochs.clear()
        self._starts.clear()
