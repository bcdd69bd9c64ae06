"""This process's side of its keeper: start it, ask it, and let it end."""

import atexit
import itertools
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address, Broker, broker

PATIENCE = 20.0
"""Seconds for the keeper to stop everything when this process ends in good order."""


class Session:
    """The brokers that this process started. One that ended is replaced by the next `session`."""

    def __init__(self) -> None:
        self._keeper = start_keeper()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._holders: dict[tuple[str, str], int] = {}

    @property
    def runs(self) -> bool:
        """Whether its keeper is there."""
        return self._keeper.poll() is None

    def broker(self, kind: str, provider: str) -> Broker:
        """The broker, started if it does not run. NoBroker if it cannot be."""
        key = kind, provider
        with self._lock:
            answer = self._ask(do="start", kind=kind, provider=provider, environment=environment())
            self._holders[key] = self._holders.get(key, 0) + 1
        left = threading.Event()

        def leave() -> None:
            with self._lock:
                if not left.is_set():
                    left.set()
                    self._leave(key)

        return broker(Address(**answer["up"]), leave)

    def close(self) -> None:
        """Everything ends."""
        with suppress(OSError):
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
        try:
            self._keeper.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._keeper.terminate()
        with suppress(OSError):
            assert self._keeper.stdout is not None
            self._keeper.stdout.close()

    def forget(self) -> None:
        """In a process that was forked: the keeper is not ours, nor does it wait for us."""
        for stream in (self._keeper.stdin, self._keeper.stdout):
            assert stream is not None
            stream.close()
        self._keeper.returncode = 0  # or it would be waited for here

    def _leave(self, key: tuple[str, str]) -> None:
        if key in self._holders and self.runs:
            self._holders[key] -= 1
            if not self._holders[key]:
                del self._holders[key]
                self._ask(do="stop", kind=key[0], provider=key[1])

    def _ask(self, **message: Any) -> dict[str, Any]:
        """Ask the keeper and wait, showing what it says meanwhile. NoBroker if it cannot."""
        number = next(self._numbers)
        try:
            self._send(id=number, **message)
            return self._answer(number)
        except KeyboardInterrupt:
            with suppress(NoBroker):
                self._send(cancel=number)
            raise

    def _send(self, **message: Any) -> None:
        assert self._keeper.stdin is not None
        try:
            self._keeper.stdin.write(json.dumps(message).encode() + b"\n")
            self._keeper.stdin.flush()
        except OSError:
            raise _gone() from None

    def _answer(self, number: int) -> dict[str, Any]:
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
        raise _gone()


def start_keeper(*arguments: str) -> "subprocess.Popen[bytes]":
    """A keeper's process, its input and output ours. -P: nothing in the folder of a notebook is
    taken for a module."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ackademy.brokers.keeper", *arguments],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment(),
        cwd="/",
    )


def environment() -> dict[str, str]:
    """Ours, for a process elsewhere: it finds this package, and paths are absolute."""
    here = str(Path(__file__).parents[2])
    paths = [os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(":") if each]
    if not here.endswith(("site-packages", "dist-packages")):  # it is a checkout
        paths.insert(0, here)
    given = dict(os.environ)
    given["PYTHONPATH"] = ":".join(paths)
    for name in ("ACKADEMY_KAFKA_JARS", "ACKADEMY_KAFKA_HOME"):
        if given.get(name):
            given[name] = os.path.abspath(os.path.expanduser(given[name]))
    return given


def _gone() -> NoBroker:
    return NoBroker(
        "the process that keeps this session's brokers has ended; ask for the broker again, and if "
        "that fails, see what python -m ackademy.brokers.keeper says"
    )


_session: Session | None = None
_lock = threading.Lock()


def session() -> Session:
    """This process's; made by the first call."""
    global _session
    with _lock:
        if _session is None or not _session.runs:
            _session = Session()
        return _session


def _close() -> None:
    if _session is not None:
        _session.close()


def _after_fork() -> None:
    global _session, _lock
    _lock = threading.Lock()
    if _session is not None:
        _session.forget()
        _session = None


atexit.register(_close)
os.register_at_fork(after_in_child=_after_fork)
