"""Which batches of a segment file are to be believed.

Rule: this file reads bytes and changes nothing. A file is believed up to the first batch that is
not whole, has a wrong checksum or does not belong where it stands: a crash leaves damage behind the
last byte that was synced, and there only.

Offset, length and leader epoch are not under a batch's checksum ("Record Batch": they are the
leader's to set), so they are held against what else is known. Offsets follow each other without a
gap, but where compaction was, which leaves the last segment alone; and in which epoch an offset was
written the journal knows.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from minibroker.log.batch import Batch
from minibroker.log.errors import LogError
from minibroker.wire.kafka.batches import PREFIX, parsed


@dataclass(slots=True)
class Scanned:
    """The batches up to byte `good`, and what is wrong with the next one, if anything is."""

    batches: list[Batch] = field(default_factory=list)
    good: int = 0
    wrong: str = ""


def scanned(
    data: bytes, base: int, *, below: int | None, epochs: Sequence[tuple[int, int]]
) -> Scanned:
    """Look through the file of the segment that begins at `base`. The last one begins at `below`;
    None: this is it. `epochs` are leader epochs and where they began."""
    found = Scanned()
    expected = base
    starts = [start for _, start in epochs]
    try:
        for batch in parsed(data):
            found.wrong = _misplaced(batch, expected, below) or _untimely(batch, epochs, starts)
            if found.wrong:
                break
            found.batches.append(batch)
            found.good += batch.size
            expected = batch.next_offset
    except LogError as error:
        found.wrong = str(error)
    return found


def _misplaced(batch: Batch, expected: int, below: int | None) -> str:
    if batch.base_offset < expected or (below is None and batch.base_offset != expected):
        return f"a batch says it begins at offset {batch.base_offset} where {expected} comes next"
    if below is not None and batch.next_offset > below:
        return f"a batch reaches offset {batch.last_offset}, and the last segment begins at {below}"
    return ""


def _untimely(batch: Batch, epochs: Sequence[tuple[int, int]], starts: list[int]) -> str:
    at = bisect_right(starts, batch.base_offset) - 1
    if at < 0:
        # Of what lies before the log's start only the last epoch is still known.
        fits = not epochs or batch.leader_epoch <= epochs[0][0]
        due = epochs[0][0] if epochs else 0
    else:
        due = epochs[at][0]
        fits = batch.leader_epoch == due
    if fits:
        return ""
    return f"a batch says it is of leader epoch {batch.leader_epoch}, and not of {due}"


def whole_batches(data: bytes, after: int) -> int:
    """How many whole batches there are in `data`, whose offsets are `after` or higher: whether what
    is given up was more than a write that a crash cut short."""
    count = at = 0
    while (magic := data.find(b"\x02", at + PREFIX)) >= 0:
        at = magic - PREFIX
        length = int.from_bytes(data[at + 8 : at + 12], "big") + 12
        if length <= len(data) - at:
            try:
                batch = next(parsed(data[at : at + length]), None)
            except LogError:
                batch = None
            if batch is not None and batch.base_offset >= after:
                count += 1
                at += length - 1
        at += 1
    return count
