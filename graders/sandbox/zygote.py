"""The zygote: a warm interpreter that is forked for every incarnation.

Run as ``python -m graders.sandbox.zygote FD``, with the descriptor of a stream socket on which
the grader sends frames (see `graders.sandbox.wire`):

- ``{"source": str}``: compile this cell; answered with ``{"line": int, "reason": str}``, the
  reason empty when it compiled. It replaces the one before, so that no child ever sees
  another learner's code.
- ``{"fork": number}``: fork a child of this source, confine it, and answer
  ``{"forked": number}`` with its socket attached. It waits for ``{"job": {...}, "now": int,
  "replies": [...]}`` there and lives as that job. Its first effects are answered by these replies:
  it sends them as ever, and waits for nobody. The grader asks for the next child while one is at
  work, so that forking costs no time of its own where there are two processors.
- ``{"kill": number}``: kill that child. It need not exist any more.
- ``{"layers": true}``: answered with what the confinement has and lacks here.

The zygote imports what children need and runs no code of a learner's. When its socket closes it
kills what is left and ends.
"""

import gc
import importlib
import os
import signal
import socket
import sys
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

import confluent_kafka
import pika

import minibroker
from graders.sandbox.confine import Confinement, interpreter_paths, prepare
from graders.sandbox.wire import Gone, of_step, receive, receive_alone, reply_of, send
from minibroker.clients import LOADED_LATE, MODULES
from minibroker.sim.effect import Effect, Reply
from minibroker.sim.incarnation import CELL, Job, Killed, live
from minibroker.sim.ticks import DoesNotParse, instrumented
from minibroker.sim.values import Value

MEMORY = 1 << 30
CPU_SECONDS = 30

COMMON = (
    "collections", "contextlib", "dataclasses", "decimal", "enum", "functools", "hashlib",
    "itertools", "json", "logging", "math", "re", "string", "traceback", "typing",
)  # fmt: skip
"""Modules that workers are likely to import: loaded once here, not in every child."""


class Zygote:
    """The loop; `children` are the processes by the grader's number, until they are reaped."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, int] = {}
        self.code: CodeType | None = None
        for name in (*COMMON, *sorted({*MODULES.values(), *LOADED_LATE})):
            importlib.import_module(name)
        packages = [
            Path(str(module.__file__)).parent for module in (minibroker, pika, confluent_kafka)
        ]
        self.confinement: Confinement = prepare(
            [*interpreter_paths(), *packages], memory=MEMORY, cpu=CPU_SECONDS
        )
        gc.collect()
        gc.freeze()  # a child's collections should not touch, and so copy, these pages

    def serve(self) -> None:
        """Answer the grader until it is gone."""
        try:
            while True:
                self.command(receive(self.control))
                self.reap()
        except Gone:
            for pid in self.children.values():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def command(self, command: Value) -> None:
        """Do one command."""
        match command:
            case {"fork": int(number)}:
                assert self.code is not None
                theirs, ours = socket.socketpair()
                with theirs, ours:
                    self.children[number] = self._fork(ours, self.code)
                    send(self.control, {"forked": number}, theirs.fileno())
            case {"kill": int(number)}:
                if (pid := self.children.get(number)) is not None:
                    os.kill(pid, signal.SIGKILL)
            case {"source": str(source)}:
                line, reason = 0, ""
                try:
                    self.code = instrumented(source, CELL)
                except DoesNotParse as error:
                    line, reason = error.line, str(error)
                send(self.control, {"line": line, "reason": reason})
            case {"layers": True}:
                here = self.confinement
                send(self.control, {"has": list(here.layers), "lacks": list(here.missing)})

    def reap(self) -> None:
        """Take in the children that have ended. Only then may a process number be used again,
        so a number in `children` is never somebody else's process."""
        while self.children:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children = {n: child for n, child in self.children.items() if child != pid}

    def _fork(self, boundary: socket.socket, code: CodeType) -> int:
        pid = os.fork()
        if pid == 0:
            _live_and_die(boundary, code, self.confinement)
        return pid


def _live_and_die(boundary: socket.socket, code: CodeType, confinement: Confinement) -> NoReturn:
    """A child's whole life. It ends here, whatever happens, and unwinds nothing of the zygote."""
    try:
        confinement.apply(boundary.fileno())
        begin: Any = receive(boundary)
        known = deque(begin["replies"])

        def call(effect: Effect) -> Reply:
            try:
                if known:
                    send(boundary, of_step(replace(effect, printed="")))
                    return reply_of(known.popleft())
                send(boundary, of_step(effect))
                return reply_of(receive_alone(boundary)[0])
            except Gone:
                os._exit(0)

        with suppress(Killed):
            step = live(code, Job(**begin["job"]), call, begin["now"], own_streams=True)
            send(boundary, of_step(step))
    except Gone:
        pass  # it was never needed
    except BaseException as error:
        with suppress(BaseException):
            # Only our own failure comes here; the grader reads it as a child that broke.
            send(boundary, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def main() -> None:
    """Serve on the descriptor that is the first argument."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        Zygote(control).serve()


if __name__ == "__main__":
    main()
