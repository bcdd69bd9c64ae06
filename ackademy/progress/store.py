"""The file of a learner's progress.

One JSON file in the learner's own data directory. It is replaced whole, under a lock, by what is
in it then and one change, so that kernels and terminals at the same time lose nothing of each
other's. One that cannot be read is set aside, never overwritten.
"""

import fcntl
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """What is known of one exercise. `most` is 0 until it is checked; `version` is that of the
    spec which gave `points`, `day` the day it did; `failing` is of the last check."""

    points: int = 0
    most: int = 0
    version: int = 0
    day: str = ""
    hints: tuple[int, ...] = ()
    failing: tuple[str, ...] = ()


class NotKept(Exception):
    """The file cannot be used; the sentence says why and what to do."""


class _Corrupt(Exception):
    """What the file holds is not what this module writes."""


def is_off() -> bool:
    """Whether nothing is to be kept: the course's own tools and tests set ACKADEMY_PROGRESS."""
    return os.environ.get("ACKADEMY_PROGRESS", "").lower() in ("off", "0", "no")


def home() -> Path:
    """The learner's own directory: ACKADEMY_HOME, or where this system keeps such data."""
    if given := os.environ.get("ACKADEMY_HOME"):
        return Path(given).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "ackademy"
    # XDG Base Directory Specification: a relative path there is to be ignored.
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data if data.is_absolute() else Path.home() / ".local" / "share") / "ackademy"


def path() -> Path:
    """The file."""
    return home() / "progress.json"


def read() -> dict[str, Entry]:
    """All entries by exercise; none when there is no file. Raises `NotKept`."""
    with _explained():
        try:
            return _entries(path())
        except _Corrupt:
            with _lock():
                return _entries_or_aside(path())


def change(edit: Callable[[dict[str, Entry]], None]) -> None:
    """Read, edit and write the entries as one step. Raises `NotKept`."""
    before = read()
    edited = dict(before)
    edit(edited)
    if edited == before:  # as most checks leave it: no lock, nothing written
        return
    with _explained(), _lock():
        entries = _entries_or_aside(path())
        edit(entries)
        _write(path(), entries)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotKept(
            f"your progress cannot be kept in {path()} ({error}); make that folder writable, or "
            "name another in ACKADEMY_HOME"
        ) from None


@contextmanager
def _lock() -> Iterator[None]:
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "progress.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed
        yield


def _entries(file: Path) -> dict[str, Entry]:
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        raise _Corrupt from None
    match content:
        case {"format": int(number), **_rest} if number > FORMAT:
            raise NotKept(
                f"{file} was written by a newer Ackademy; upgrade this one, or name another "
                "folder in ACKADEMY_HOME"
            )
        case {"format": 1, "exercises": dict(exercises)}:
            return {name: _entry(raw) for name, raw in exercises.items()}
    raise _Corrupt


def _entry(raw: object) -> Entry:
    match raw:
        case {
            "points": int(points), "most": int(most), "version": int(version), "day": str(day),
            "hints": [*hints], "failing": [*failing],
        } if all(type(each) is int for each in hints) and all(
            type(each) is str for each in failing
        ):  # fmt: skip
            return Entry(points, most, version, day, tuple(hints), tuple(failing))
    raise _Corrupt


def _entries_or_aside(file: Path) -> dict[str, Entry]:
    """The entries; a file that holds none is renamed, and this is said."""
    try:
        return _entries(file)
    except _Corrupt:
        number = 1
        while (aside := file.with_name(f"progress.broken-{number}.json")).exists():
            number += 1
        file.rename(aside)
        print(
            f"ackademy: {file} could not be read, so it is now {aside.name} and a new one is "
            "begun; your notebooks are untouched, and a check writes its result again",
            file=sys.stderr,
        )
        return {}


def _write(file: Path, entries: Mapping[str, Entry]) -> None:
    content = {
        "format": FORMAT,
        "exercises": {name: asdict(entry) for name, entry in sorted(entries.items())},
    }
    descriptor, scratch = tempfile.mkstemp(dir=file.parent, prefix="progress.", suffix=".new")
    try:
        with open(descriptor, "w", encoding="utf-8") as written:
            json.dump(content, written, indent=1)
            written.write("\n")
            written.flush()
            os.fsync(written.fileno())
        os.replace(scratch, file)
    except BaseException:
        os.unlink(scratch)
        raise


def seen(entry: Entry, hint: int) -> Entry:
    """The entry with one more hint seen."""
    return replace(entry, hints=tuple(sorted({*entry.hints, hint})))


def checked(entry: Entry, now: Entry) -> Entry:
    """The entry after a check that came to `now`: the best points stay, but those of an earlier
    version of the exercise, whose verdict could be another today, make way."""
    later = now.version > entry.version
    better = now.version == entry.version and now.points > entry.points
    if later or better:
        return replace(now, hints=entry.hints)
    return replace(entry, failing=now.failing)
