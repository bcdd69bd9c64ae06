"""The line to a keeper: its process is started, told what to do, and heard."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ackademy.brokers.errors import NoBroker

PATIENCE = 20.0
"""Seconds for a keeper to stop everything when its line is hung up."""


class Line:
    """A keeper's process of ours. -P: nothing in the folder of a notebook is taken for a module."""

    def __init__(self, *arguments: str) -> None:
        self._keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "ackademy.brokers.keeper", *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment(),
            cwd="/",
        )
        self._ended = False

    @property
    def is_open(self) -> bool:
        """Whether the keeper is there."""
        return not self._ended and self._keeper.poll() is None

    def send(self, **message: Any) -> None:
        """Tell it something. NoBroker if it is gone."""
        assert self._keeper.stdin is not None
        try:
            self._keeper.stdin.write(json.dumps(message).encode() + b"\n")
        except OSError:
            self._ended = True
            raise _gone() from None

    def answer(self, number: int) -> dict[str, Any]:
        """What it answers to the request of this number; what it says meanwhile is shown. NoBroker
        with its sentence if it cannot."""
        assert self._keeper.stdout is not None
        for line in self._keeper.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer["id"] != number:
                continue  # of a request that was interrupted
            if "say" in answer:
                print(answer["say"], file=sys.stderr, flush=True)
            elif "cannot" in answer:
                raise NoBroker(answer["cannot"])
            else:
                return answer
        self._ended = True
        raise _gone()

    def close(self) -> None:
        """Hang up, and wait until the keeper has ended and nothing of it is left."""
        assert self._keeper.stdin is not None
        with suppress(OSError):
            self._keeper.stdin.close()
        try:
            self._keeper.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._keeper.terminate()
        self.forget()

    def forget(self) -> None:
        """Hang up without waiting: the keeper stands, or is that of the process that forked us."""
        for stream in (self._keeper.stdin, self._keeper.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        if self._keeper.returncode is None:
            self._keeper.returncode = 0  # Popen would wait for it when it is collected


def environment() -> dict[str, str]:
    """Ours, for a process elsewhere: it finds this package, and paths are absolute."""
    here = str(Path(__file__).parents[2])
    paths = [os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(":") if each]
    if not here.endswith(("site-packages", "dist-packages")):  # it is a checkout
        paths.insert(0, here)
    given = dict(os.environ)
    given["PYTHONPATH"] = ":".join(dict.fromkeys(paths))
    for name in ("ACKADEMY_KAFKA_JARS", "ACKADEMY_KAFKA_HOME"):
        if given.get(name):
            given[name] = os.path.abspath(os.path.expanduser(given[name]))
    return given


def _gone() -> NoBroker:
    return NoBroker(
        "the process that keeps the brokers has ended; ask for the broker again, and if that "
        "fails, see what python -m ackademy.brokers.keeper says"
    )
