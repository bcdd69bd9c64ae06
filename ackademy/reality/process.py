"""One incarnation of a learner's code as a process of the operating system."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from ackademy.reality.services import MOST_LINE

ROOT = Path(__file__).resolve().parents[2]


class Incarnation:
    """A started process, and the socket on which it talks to its parent."""

    def __init__(
        self,
        child: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.reader, self.writer = reader, writer
        self._child = child

    @classmethod
    async def start(cls, job: dict[str, Any]) -> "Incarnation":
        """Start one and give it its job."""
        mine, theirs = socket.socketpair()
        with theirs:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ackademy.reality.learner",
                str(theirs.fileno()),
                str(os.getpid()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment(),
                start_new_session=True,  # Ctrl+C is for the parent, which ends it then
            )
        reader, writer = await asyncio.open_connection(sock=mine, limit=MOST_LINE)
        writer.write(json.dumps(job).encode() + b"\n")
        return cls(child, reader, writer)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._child.returncode is None

    async def kill(self) -> None:
        """As when the power goes, with all that it has started."""
        self._signal(signal.SIGKILL)
        await self.ended()

    def stop(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on as if nothing had been."""
        self._signal(signal.SIGCONT)

    async def ended(self) -> None:
        """Wait until it has."""
        await self._child.wait()

    def close(self) -> None:
        """Forget the socket."""
        self.writer.close()

    def _signal(self, number: int) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)


def environment() -> dict[str, str]:
    """The same packages as here, and hashes that are the same in each process."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONHASHSEED": "0",
    }
