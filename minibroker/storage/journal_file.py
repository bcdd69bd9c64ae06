"""The journal's file: one line for all that has changed in one turn of the server.

Rule: this file knows lines, not what they say. A line is a CRC32C in eight hexadecimal digits, a
space and a JSON list of changes; what stands in one line is there as a whole or not at all. A line
that a crash cut short is the last, and is cut off. One that is damaged before others is left out
and told: what a journal says later mostly stands for itself.
"""

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import google_crc32c

from minibroker.storage.files import Files
from minibroker.storage.state import Change

_told = logging.getLogger("minibroker.storage")


class JournalFile:
    """See the module. `size` is in bytes, and `least` what it was when it was last written anew."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path = path
        self._files = files
        self.size = self.least = 0

    def append(self, changes: list[Change]) -> None:
        """Write a line."""
        data = _line(changes)
        self._files.append(self.path, data)
        self.size += len(data)

    def rewrite(self, changes: Iterable[Change]) -> None:
        """Say the same in fewer lines."""
        data = b"".join(_line([change]) for change in changes)
        self._files.replace(self.path, data)
        self.size = self.least = len(data)

    def read(self) -> list[Change]:
        """All changes, oldest first, and cut off what is torn."""
        if not self.path.exists():
            return []
        data = self.path.read_bytes()
        changes: list[Change] = []
        good = at = 0
        damaged: list[int] = []
        for line in data.splitlines(keepends=True):
            read = _read(line)
            if read is None:
                damaged.append(at)
            else:
                changes += read
                good = at + len(line)
            at += len(line)
        if inside := [place for place in damaged if place < good]:
            beside = self.path.with_name(f"{self.path.name}.damaged-{inside[0]}")
            self._files.replace(beside, data)
            _told.error(
                "%s is damaged in the middle, at byte %d: %d of its lines were left out, and it was"
                " copied to %s as it was",
                self.path, inside[0], len(inside), beside.name,
            )  # fmt: skip
        if good < len(data):
            _told.warning("%d bytes were cut off the end of %s", len(data) - good, self.path)
            self._files.cut(self.path, good)
        return changes


def _line(changes: list[Change]) -> bytes:
    text = json.dumps(changes, separators=(",", ":")).encode()
    return b"%08x %b\n" % (google_crc32c.value(text), text)


def _read(line: bytes) -> list[Change] | None:
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    text = line[9:-1]
    if b"%08x" % google_crc32c.value(text) != line[:8]:
        return None
    return cast("list[Change]", json.loads(text))
