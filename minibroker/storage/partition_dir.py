"""The directory of one partition: its segments, each a file.

Rule: this file turns what a log tells (`minibroker.log.journal.Keeper`) into files when `write` is
called, and files into batches again. Names and contents are Kafka's: ``<topic>-<partition>``, in it
``<base offset in 20 digits>.log`` with record batches one after the other, and
``partition.metadata`` with the topic's id, so that a topic which is made anew does not find what
its namesake has left.

Theory. New batches are written at the end of the last file. Compaction replaces files from the
first on, each at once: before those that are not yet replaced stands nothing that only they
superseded, so a crash between two leaves the log as if it had been cleaned so far and no further.
Of two segments that became one, the second file goes when the first is replaced; if a crash comes
between, it is recognized by offsets that the first has reached already.
"""

import logging
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from minibroker.log.batch import Batch
from minibroker.log.log import Log
from minibroker.log.settled import Settled
from minibroker.log.transaction import Place
from minibroker.storage.files import Files
from minibroker.storage.scanning import scanned, whole_batches
from minibroker.wire.kafka.batches import written

METADATA = "partition.metadata"

Segments = list[tuple[int, list[Batch]]]

_told = logging.getLogger("minibroker.storage")


class PartitionDir:
    """See the module. `changed` is called whenever there is something for `write` to do."""

    def __init__(
        self,
        path: Path,
        place: Place,
        topic_id: str,
        files: Files,
        changed: Callable[["PartitionDir"], None],
    ) -> None:
        self.path = path
        self.place = place
        self.log: Log | None = None
        self.new_start = False
        self.cleaned_below = 0
        self._topic_id = topic_id
        self._files = files
        self._changed = changed
        self._bases: list[int] = []
        self._made = False
        self._pending: list[tuple[int, Batch]] = []

    # --- what the log tells ----------------------------------------------------------------

    def appended(self, batch: Batch, segment: int) -> None:
        """See `minibroker.log.journal.Keeper`."""
        if not self._pending:
            self._changed(self)
        self._pending.append((segment, batch))

    def forgot(self) -> None:
        """See `minibroker.log.journal.Keeper`."""
        self.new_start = True
        self._changed(self)

    def cleaned(self, below: int) -> None:
        """See `minibroker.log.journal.Keeper`."""
        self.cleaned_below = max(self.cleaned_below, below)
        self._changed(self)

    # --- writing ---------------------------------------------------------------------------

    def markers(self) -> list[Batch]:
        """The control batches that are to be written."""
        return [batch for _, batch in self._pending if batch.control is not None]

    def write_before_decision(self) -> bool:
        """Write what a transaction holds that has ended in this same turn: its decision must not
        be found without it. Gives whether there was any."""
        ended = {batch.producer_id for batch in self.markers()}
        if not ended:
            return False
        first = next(at for at, each in enumerate(self._pending) if each[1].control is not None)
        before = self._pending[:first]
        if all(batch.producer_id not in ended for _, batch in before):
            return False
        del self._pending[:first]
        self._make()
        self._write(before)
        return True

    def clean(self) -> None:
        """Replace the files of the segments that were compacted."""
        assert self.log is not None
        below, self.cleaned_below = self.cleaned_below, 0
        self._make()
        segments = [each for each in self.log.segments() if each[0] < below]
        for at, (base, batches) in enumerate(segments):
            self._files.replace(self._file(base), b"".join(map(written, batches)))
            until = segments[at + 1][0] if at + 1 < len(segments) else below
            for merged in [old for old in self._bases if base < old < until]:
                self._files.remove(self._file(merged))
                self._bases.remove(merged)
            if base not in self._bases:
                self._bases.append(base)
        self._bases.sort()
        self._pending = [each for each in self._pending if each[1].base_offset >= below]

    def write(self) -> None:
        """Remove the files of segments that are gone, and append what is new."""
        assert self.log is not None
        self._make()
        first, active = self.log.bounds()
        if self.new_start:
            self.new_start = False
            for base in [base for base in self._bases if base < first]:
                self._files.remove(self._file(base))
                self._bases.remove(base)
        pending, self._pending = self._pending, []
        self._write([each for each in pending if each[0] >= first])
        if not self._bases or active > self._bases[-1]:
            self._append(active, b"")  # empty, but its name says where the log ends

    def _write(self, pending: list[tuple[int, Batch]]) -> None:
        for base, group in groupby(pending, key=lambda each: each[0]):
            self._append(base, b"".join(written(batch) for _, batch in group))

    def _append(self, base: int, data: bytes) -> None:
        self._files.append(self._file(base), data)
        if base not in self._bases[-1:]:
            self._bases.append(base)

    def _make(self) -> None:
        if self._made:
            return
        self._made = True
        self._files.directory(self.path)
        content = f"version: 0\ntopic_id: {self._topic_id}\n"
        if not (self.path / METADATA).exists():
            self._files.replace(self.path / METADATA, content.encode())

    def _file(self, base: int) -> Path:
        return self.path / f"{base:020}.log"

    # --- reading ---------------------------------------------------------------------------

    def read(self, kept: Settled) -> Segments:
        """The segments as far as they are to be believed. What is behind that is cut off the file
        and told; where whole batches go with it, it is laid beside."""
        if not self.path.is_dir():
            return []
        if self._owner() != self._topic_id:
            aside(self.path, "stray")
            return []
        self._made = True
        for leftover in self.path.glob("*.new"):
            self._files.remove(leftover)
        bases = sorted(int(path.stem) for path in self.path.glob("[0-9]" * 20 + ".log"))
        for base in [base for base in bases if base < kept.first]:
            self._files.remove(self._file(base))
            bases.remove(base)
        segments: Segments = []
        end = bases[0] if bases else 0
        for at, base in enumerate(bases):
            batches, whole = self._read_file(base, bases[at + 1 :], end, kept)
            if not batches and base < end:
                self._files.remove(self._file(base))  # all of it is in the file before
                continue
            segments.append((base, batches))
            end = batches[-1].next_offset if batches else base
            if not whole:
                for later in bases[at + 1 :]:
                    self._lay_aside(self._file(later))
                break
        if segments and end < kept.start:
            # The log starts behind all that is left of it.
            for base, _ in segments:
                self._files.remove(self._file(base))
            segments = []
        elif bases and segments[-1][0] != bases[-1] and end > segments[-1][0]:
            # The last file is the one without gaps: this one had better not be it.
            segments.append((end, []))
            self._files.append(self._file(end), b"")
        self._bases = [base for base, _ in segments]
        return segments

    def _read_file(
        self, base: int, later: list[int], end: int, kept: Settled
    ) -> tuple[list[Batch], bool]:
        path = self._file(base)
        data = path.read_bytes()
        found = scanned(data, base, below=later[-1] if later else None, epochs=kept.epochs)
        fresh = [batch for batch in found.batches if batch.base_offset >= end]
        if found.wrong:
            self._cut(path, data, found.good, found.wrong, bool(later), end)
        return fresh, not found.wrong

    def _cut(
        self, path: Path, data: bytes, good: int, wrong: str, in_the_middle: bool, end: int
    ) -> None:
        lost = whole_batches(data[good:], end)
        if lost or in_the_middle:
            beside = path.with_name(f"{path.name}.damaged-{good}")
            self._files.replace(beside, data[good:])
            _told.error(
                "%s is damaged in the middle, at byte %d (%s): the log ends there now, and %d bytes"
                " with %d whole batches lie in %s",
                path, good, wrong, len(data) - good, lost, beside.name,
            )  # fmt: skip
        else:
            _told.warning("%d bytes were cut off the end of %s: %s", len(data) - good, path, wrong)
        self._files.cut(path, good)

    def _lay_aside(self, path: Path) -> None:
        beside = path.with_name(path.name + ".damaged")
        path.replace(beside)
        _told.error("%s comes after a damaged file and was renamed to %s", path, beside.name)

    def _owner(self) -> str:
        try:
            lines = (self.path / METADATA).read_text(errors="replace").splitlines()
        except OSError:
            return self._topic_id  # a crash came before it was written
        return next((line[10:] for line in lines if line.startswith("topic_id: ")), "")


def aside(path: Path, word: str) -> Path:
    """Rename a directory as Kafka does one that goes (``delete``) or that it does not know
    (``stray``); gives the new path."""
    number = 0
    while (renamed := path.with_name(f"{path.name[:200]}.{number}-{word}")).exists():
        number += 1
    path.rename(renamed)
    return renamed
