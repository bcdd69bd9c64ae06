"""What a keeper owns: for each broker its processes, its directory, and what else is to be undone.

Each keeper has one private directory. ``keeper.json`` in it names the keeper and its children, so
that, should the keeper be killed, the next one can end what is left (`sweep`).
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ackademy.brokers import processes

PREFIX = "ackademy-brokers-"
RECORD = "keeper.json"

YOUNG = 60.0
"""Seconds for which a directory without a record may be one that a keeper is just making."""


class Holdings:
    """Everything of one keeper, in a directory of its own."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.parts: list[Part] = []
        self._number = 0
        self.write()

    def part(self, name: str) -> "Part":
        """Room for one more broker."""
        self._number += 1
        part = Part(self, self.directory / f"{name}-{self._number}")
        self.parts.append(part)
        return part

    def write(self) -> None:
        """Name what there is now."""
        children = [child.pid for part in self.parts for child in part.children]
        record = {
            "machine": processes.machine(),
            "keeper": [os.getpid(), processes.birth(os.getpid())],
            "children": [[pid, processes.birth(pid)] for pid in children],
        }
        new = self.directory / (RECORD + ".new")
        new.write_text(json.dumps(record))
        new.replace(self.directory / RECORD)

    def close(self) -> None:
        """Nothing is left."""
        processes.end([child for part in self.parts for child in part.children])
        for part in list(self.parts):
            part.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Part:
    """What belongs to one broker."""

    def __init__(self, holdings: Holdings, directory: Path) -> None:
        self._holdings = holdings
        self.directory = directory
        self.children: list[subprocess.Popen[bytes]] = []
        self.undo: list[Callable[[], None]] = []
        self.runs: Callable[[], bool] = self._children_run
        """Whether the broker is still there."""
        self.said: Callable[[], str] = self._logged
        """All that it said so far."""
        directory.mkdir(mode=0o700)

    @property
    def log(self) -> Path:
        """What its processes say."""
        return self.directory / "log"

    def start(
        self,
        command: Sequence[str | os.PathLike[str]],
        environment: Mapping[str, str] | None = None,
        user: tuple[int, int] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """A process that goes with the broker; what it says is in `log`."""
        with self.log.open("ab") as output, processes.undisturbed():
            child = processes.spawn(
                command,
                environment=os.environ if environment is None else environment,
                directory=self.directory,
                output=output.fileno(),
                user=user,
            )
            self.children.append(child)
            self._holdings.write()
        return child

    def hand_over(self, user: int, group: int) -> None:
        """Its directory belongs to another user's process from now on."""
        self._holdings.directory.chmod(0o711)
        for each in (self.directory, *self.directory.iterdir()):
            os.chown(each, user, group)

    def close(self) -> None:
        """End it, and leave nothing of it."""
        processes.end(self.children)
        for step in reversed(self.undo):
            step()
        self.undo.clear()
        self.children.clear()
        shutil.rmtree(self.directory, ignore_errors=True)
        if self in self._holdings.parts:
            self._holdings.parts.remove(self)
            self._holdings.write()

    def _logged(self) -> str:
        with suppress(OSError):
            return self.log.read_text(errors="replace")
        return ""

    def _children_run(self) -> bool:
        return all(child.poll() is None for child in self.children)


def sweep() -> list[str]:
    """End and remove what keepers that are gone left behind; a sentence for each."""
    done = []
    for directory in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        with suppress(OSError):  # it is another user's, or its keeper removes it just now
            status = directory.lstat()
            if status.st_uid != os.geteuid() or directory.is_symlink() or not directory.is_dir():
                continue
            try:
                children = _orphans(directory, time.time() - status.st_mtime)
            except (ValueError, KeyError, TypeError):  # another version wrote it
                continue
            if children is None:
                continue
            for pid, born in children:
                if born is not None:
                    processes.kill(pid, born)
            shutil.rmtree(directory, ignore_errors=True)
            done.append(f"removed {directory}, which a process that was killed had left behind")
    return done


def _orphans(directory: Path, age: float) -> list[tuple[int, str | None]] | None:
    """The children of a keeper that is gone; None for one that is not, as far as can be seen."""
    try:
        record: dict[str, Any] = json.loads((directory / RECORD).read_text())
    except FileNotFoundError:
        return None if age < YOUNG else []
    if record["machine"] != processes.machine() or processes.is_alive(*record["keeper"]):
        return None
    return [(pid, born) for pid, born in record["children"]]
