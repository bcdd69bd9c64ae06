"""The child transport: a process as a confined child, driven over a socket.

One zygote serves a grader for as long as it lives; it is started when first needed and again
should it ever die. The world and the judges stay here, in the parent. A child that says
nothing for `STEP_SECONDS` is killed. When a source has used up `SOURCE_SECONDS` in all its
children, no more of it is run (`OutOfTime`): that may be the fault of a busy machine.
"""

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from typing import TypeAlias

from graders.explore import OutOfTime
from graders.sandbox.wire import (
    Broke,
    Gone,
    TooLate,
    of_reply,
    receive_alone,
    receive_run,
    receive_with,
    send,
    step_of,
)
from minibroker.clients import served_by
from minibroker.sim.effect import Exit, Reply, Step
from minibroker.sim.incarnation import MOST_PRINTED, Job
from minibroker.sim.ticks import DoesNotParse
from minibroker.sim.values import Value

STEP_SECONDS = 5.0
SOURCE_SECONDS = 120.0
MOST_SENT = 8 * 1024 * 1024
"""Bytes of steps that one child may send in all."""


class ZygoteLost(RuntimeError):
    """The zygote cannot be started, or has ended while it was needed."""


class Zygote:
    """The parent's end of a zygote process; see `graders.sandbox.zygote` for the other."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        # Nothing of the environment goes in: a child inherits the memory that it was put in.
        environment = {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", "graders.sandbox.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._control = ours
        self._numbers = count(1)
        self._forking = 0
        self._spare: list[tuple[int, socket.socket]] = []
        self._source = ""

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def load(self, source: str) -> None:
        """Make `source` the code of the children to come; raises `DoesNotParse`."""
        if source == self._source:
            return
        self._drop_spare()  # it was forked with the code before
        match self._ask({"source": source}):
            case {"line": int(line), "reason": str(reason)}:
                if reason:
                    self._source = ""
                    raise DoesNotParse(line, reason)
        self._source = source

    def layers(self) -> tuple[list[str], list[str]]:
        """What confines children on this machine, and what that leaves open, in sentences."""
        self._drop_spare()
        match self._ask({"layers": True}):
            case {"has": list(has), "lacks": list(lacks)}:
                return [str(name) for name in has], [str(name) for name in lacks]
        raise ZygoteLost("the zygote gave no answer about its confinement")

    def spawn(self, job: Job, now: int, replies: Sequence[Reply] = ()) -> tuple[int, socket.socket]:
        """Start a child at `now` whose first effects are answered by `replies`; gives its number
        and the socket it talks over."""
        try:
            while not self._spare:
                if not self._forking:
                    self._fork()
                self._answer()
            number, sock = self._spare.pop()
            self._fork()  # the next one, while this one works
            known = [of_reply(reply) for reply in replies]
            send(sock, {"job": asdict(job), "now": now, "replies": known})
        except (Gone, Broke, OSError):
            raise ZygoteLost("the grading process has ended; run the check again") from None
        return number, sock

    def _fork(self) -> None:
        send(self._control, {"fork": next(self._numbers)})
        self._forking += 1

    def _answer(self) -> Value:
        """The zygote's next frame; a child that comes with it is put aside as a spare."""
        value, attached = receive_with(self._control)
        match value:
            case {"forked": int(number)} if attached is not None:
                self._forking -= 1
                self._spare.append((number, attached))
        return value

    def kill(self, number: int) -> None:
        """Kill a child, if it is still there."""
        try:
            send(self._control, {"kill": number})
        except Gone:
            raise ZygoteLost("the grading process has ended; run the check again") from None

    def close(self) -> None:
        """End the zygote and all its children."""
        self._control.close()
        self._process.wait()

    def _drop_spare(self) -> None:
        try:
            while self._forking:
                self._answer()
        except (Gone, Broke, OSError):
            raise ZygoteLost("the grading process has ended; run the check again") from None
        while self._spare:
            number, sock = self._spare.pop()
            sock.close()
            self.kill(number)

    def _ask(self, command: object) -> Value:
        try:
            send(self._control, command)
            return self._answer()
        except (Gone, Broke, OSError):
            raise ZygoteLost("the grading process has ended; run the check again") from None


Receive: TypeAlias = Callable[[socket.socket], Sequence[tuple[Value, int]]]


class ChildProcess:
    """A `Process` in a child. See `minibroker.sim.effect` for the contract."""

    def __init__(self, zygote: Zygote, job: Job, budget: "Budget") -> None:
        self._zygote = zygote
        self._job = job
        self._budget = budget
        # A child may ask for anything; it gets what its role was given.
        self._clients = {served_by(kind) for kind in job.clients.values()} | {"clock"}
        self._number = 0
        self._socket: socket.socket | None = None
        self._sent = 0
        self._printed = 0

    def start(self, now: int) -> Step:
        """Fork it and run to the first effect or the end."""
        self._number, self._socket = self._zygote.spawn(self._job, now)
        return self._step(self._socket)

    def catch_up(self, now: int, replies: Sequence[Reply]) -> list[Step]:
        """Fork it and give it replies that are known already, without a round trip for each."""
        self._number, self._socket = self._zygote.spawn(self._job, now, replies)
        steps: list[Step] = []
        for value, size in self._received(lambda sock: _run(sock, len(replies) + 1)):
            steps.append(self._read(value, size))
            if isinstance(steps[-1], Exit):
                break
        return steps

    def resume(self, reply: Reply) -> Step:
        """Answer the effect and run to the next one or the end."""
        assert self._socket is not None
        try:
            send(self._socket, of_reply(reply))
        except Gone:
            return self._ended("vanished")
        return self._step(self._socket)

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._zygote.kill(self._number)

    def _step(self, sock: socket.socket) -> Step:
        [(value, size)] = self._received(lambda sock: [receive_alone(sock, STEP_SECONDS)])
        return self._read(value, size)

    def _received(self, receive: Receive) -> list[tuple["Value | Exit", int]]:
        """What the child says, or the exit that it makes by saying nothing that can be read."""
        assert self._socket is not None
        if self._budget.left <= 0:
            self.kill()
            raise OutOfTime
        began = time.monotonic()
        try:
            return list(receive(self._socket))
        except TooLate:
            return [(self._ended("hung"), 0)]
        except Gone:
            return [(self._ended("vanished"), 0)]
        except Broke:
            return [(self._ended("broke"), 0)]
        finally:
            self._budget.left -= time.monotonic() - began

    def _read(self, value: "Value | Exit", size: int) -> Step:
        """A step of the child's; anything that it may not say is its end."""
        if isinstance(value, Exit):
            return value
        try:
            step = step_of(value)
        except Broke:
            return self._ended("broke")
        if isinstance(step, Exit):
            self.kill()
        elif step.client not in self._clients:
            return self._ended("broke")
        self._sent += size
        self._printed += len(step.printed)
        if self._sent > MOST_SENT or self._printed > MOST_PRINTED + 100:
            return self._ended("broke")
        return step

    def _ended(self, how: str) -> Exit:
        self.kill()
        return Exit(how)  # type: ignore[arg-type]


def _run(sock: socket.socket, most: int) -> list[tuple[Value, int]]:
    return receive_run(sock, most, STEP_SECONDS)


class Budget:
    """The wall clock that all children of one source share, in seconds."""

    def __init__(self) -> None:
        self.left = SOURCE_SECONDS


class Children:
    """Makes children of one source. Raises `DoesNotParse` for what is no Python."""

    def __init__(self, zygote: Zygote, source: str) -> None:
        zygote.load(source)
        self._zygote = zygote
        self._source = source
        self._budget = Budget()

    def process(self, job: Job) -> ChildProcess:
        """A process for one incarnation."""
        self._zygote.load(self._source)
        return ChildProcess(self._zygote, job, self._budget)


def children(source: str) -> Children:
    """Children of `source`, from the zygote that this process keeps."""
    return Children(_zygote(), source)


def confinement() -> tuple[list[str], list[str]]:
    """What confines children on this machine, and what that leaves open, in sentences."""
    return _zygote().layers()


_kept: list[Zygote] = []


def _zygote() -> Zygote:
    if _kept and not _kept[0].alive:
        _kept.pop().close()
    if not _kept:
        _kept.append(Zygote())
        atexit.register(_close)
    return _kept[0]


def _close() -> None:
    while _kept:
        _kept.pop().close()
