"""What tests of clients wait for, and members that are processes of their own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

PATIENCE = 60.0
"""Seconds: for a machine that is busy with other things, too."""


def until(holds: Callable[[], object], step: Callable[[], object], what: str) -> None:
    """Do `step` again and again until it `holds`; fails if that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        step()


def soon(holds: Callable[[], object]) -> None:
    """Wait until it holds, with nothing to do meanwhile."""
    until(holds, lambda: time.sleep(0.01), "what is waited for")


class Process:
    """A Python program in a process of its own. `said` are the lines that it has printed; it is
    killed at the end of the ``with``, or before that by `kill`, and never asked to stop."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def kill(self) -> None:
        """As when the power goes."""
        if self._child.poll() is None:
            os.kill(self._child.pid, signal.SIGKILL)
        self._child.wait(PATIENCE)

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.said.append(line.strip())

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._reader.join(PATIENCE)
        assert self._child.stdout is not None
        self._child.stdout.close()
