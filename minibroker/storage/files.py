"""Files that are only appended to, and when what was written to them is on the disk itself.

Rule: all writing to files is here, and nothing is buffered in the process: what `append` has
written the operating system has, and a ``kill -9`` cannot take it away. A power cut can, until
`sync`: it asks the disk for the contents of all files and directories that have changed.

Few files are kept open, since a broker may have more partitions than a process may have files.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from minibroker.storage.errors import StorageError

Fsync = Literal["always", "interval", "never"]
"""When `Files.sync` is called. All three survive the death of the process, ``kill -9`` included.

``always``: before any answer leaves, so what was answered survives a power cut. ``interval``: every
second, so a power cut may take the answers of the last second. ``never``: when the operating system
likes, as Kafka does, which relies on other replicas instead (Kafka, "Operations", Application vs.
OS Flush Management); a power cut may take the answers of half a minute."""

MOST_OPEN = 128

_sync_content = getattr(os, "fdatasync", os.fsync)  # macOS has none


class Files:
    """See the module."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, int] = OrderedDict()
        self._changed: dict[Path, None] = {}
        self._entries: dict[Path, None] = {}

    @property
    def unsynced(self) -> bool:
        """Whether there is anything for `sync` to do."""
        return bool(self._changed or self._entries)

    def directory(self, path: Path) -> None:
        """Make a directory, if there is none."""
        path.mkdir(parents=True, exist_ok=True)
        self._entries[path.parent] = None

    def append(self, path: Path, data: bytes) -> None:
        """Write at the file's end; it is made if there is none."""
        with _told(path):
            file = self._opened(path)
            _write(file, data)
        self._changed[path] = None

    def replace(self, path: Path, data: bytes) -> None:
        """Let a file have this content: at any time either all of the old or all of the new."""
        beside = path.with_name(path.name + ".new")
        with _told(path):
            file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                _write(file, data)
                os.fsync(file)
            finally:
                os.close(file)
            self._close(path)
            beside.replace(path)
        self._changed.pop(path, None)
        self._entries[path.parent] = None

    def cut(self, path: Path, size: int) -> None:
        """The file has only its first bytes."""
        with _told(path):
            os.truncate(path, size)
        self._changed[path] = None

    def remove(self, path: Path) -> None:
        """A file goes."""
        self._close(path)
        self._changed.pop(path, None)
        path.unlink(missing_ok=True)
        self._entries[path.parent] = None

    def forget_under(self, directory: Path) -> None:
        """A directory goes with all that is in it: let go of its files."""
        for path in [path for path in self._open if path.parent == directory]:
            self._close(path)
        self._changed = {path: None for path in self._changed if path.parent != directory}
        self._entries.pop(directory, None)
        self._entries[directory.parent] = None

    def sync(self) -> None:
        """All that has changed is on the disk when this returns: contents first, so that a file is
        never found under its name before it is whole."""
        for path in self._changed:
            with _told(path):
                _sync_content(self._opened(path))
        self._changed.clear()
        for path in self._entries:
            with _told(path):
                entries = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(entries)
                finally:
                    os.close(entries)
        self._entries.clear()

    def close(self) -> None:
        """Let go of all files."""
        for path in [*self._open]:
            self._close(path)

    def _opened(self, path: Path) -> int:
        file = self._open.get(path)
        if file is not None:
            self._open.move_to_end(path)
            return file
        if len(self._open) >= MOST_OPEN:
            self._close(next(iter(self._open)))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        try:
            file = os.open(path, flags)
        except FileNotFoundError:
            file = os.open(path, flags | os.O_CREAT, 0o644)
            self._entries[path.parent] = None
        self._open[path] = file
        return file

    def _close(self, path: Path) -> None:
        file = self._open.pop(path, None)
        if file is not None:
            os.close(file)


def _write(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}; the broker must stop, and goes on from "
            "what was written before when it is started again"
        ) from error
