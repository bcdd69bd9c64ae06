"""One incarnation of a learner's code: executed afresh, alone, in a namespace of its own.

Both transports run exactly this; they differ only in how an effect travels. `live` executes
the cell, makes the clients that the entry function takes, calls it, and tells how it ended.
"""

import builtins
import sys
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from minibroker.clients import make, packages
from minibroker.sim.effect import Effect, Exit, How, Interrupt, Refusal, Reply
from minibroker.sim.modules import ProcessVanished, importer
from minibroker.sim.ticks import TICK
from minibroker.sim.values import Value, crossing

CELL = "<your cell>"
"""The file name of a learner's code, in tracebacks and here."""

NAME = "__learner__"
"""The name of the module that a learner's code is in."""

# Only so that there is one: dataclasses look into it for annotations that are text.
sys.modules.setdefault(NAME, ModuleType(NAME))

NAME_KIND = "name"
"""The kind of a parameter that is no client: it gets the instance's own name."""

MOST_TICKS = 200_000
"""Ticks that a process may take between two effects."""

MOST_PRINTED = 64 * 1024
"""Characters that an incarnation may print; the rest is dropped, and that is said."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that an incarnation is made of, in plain values, so that it can cross a pipe.

    `clients` maps each parameter of the entry function to the kind of client that it takes,
    such as ``{"channel": "pika.channel"}``; `seed` makes its chance.
    """

    entry: str
    process: str
    incarnation: int
    seed: int
    clients: dict[str, str] = field(default_factory=dict)


class Killed(GeneratorExit):
    """Raised in a process that is dead, at whatever it does next.

    A `GeneratorExit`, because a dead process's generators are closed, and one that has a
    `finally:` must come to its end there without a word on stderr.
    """


class Spun(GeneratorExit):
    """Raised in a process that has spent its ticks, at whatever it does next."""


class Boundary:
    """The learner's side of the boundary: what the clients and the stand-in modules call."""

    __slots__ = (
        "_call",
        "_printed",
        "_room",
        "_ticks",
        "interrupted",
        "line",
        "now",
        "over",
        "vanished",
    )

    def __init__(self, call: Callable[[Effect], Reply], now: int) -> None:
        self._call = call
        self._ticks = MOST_TICKS
        self._printed: list[str] = []
        self._room = MOST_PRINTED
        self.now = now
        self.interrupted = False
        # What to raise in a process that is over. A class: an exception that is kept would keep
        # its traceback, and so all the process's memory.
        self.over: Callable[[], BaseException] | None = None
        self.vanished = ""
        self.line = 0

    def ask(self, client: str, op: str, **args: object) -> Value:
        """Cross the boundary. Raises `Refused` for a refusal; each client turns it into its
        own library's exception."""
        if self.over is not None:
            raise self.over()
        effect = Effect(client, op, crossing(args), self.take_printed())  # type: ignore[arg-type]
        try:
            reply = self._call(effect)
        except Killed:
            self.over = Killed
            raise
        self.now = reply.now
        self._ticks = MOST_TICKS
        if isinstance(reply, Interrupt):
            self.interrupted = True
            raise KeyboardInterrupt
        if isinstance(reply, Refusal):
            raise Refused(reply.error, reply.message, reply.data)
        return crossing(reply.value)

    def tick(self) -> bool:
        """Called at every function, loop, `except` and `finally` entry; always True."""
        self._ticks -= 1
        if self._ticks < 0 and self.over is None:
            self.over = Spun
            self.line = sys._getframe(1).f_lineno
        if self.over is not None:
            raise self.over()
        return True

    def vanish(self, call: str) -> NoReturn:
        """End the process where it stands, as `os._exit` would."""
        if self.over is None:
            self.over = ProcessVanished
            self.vanished = call
            self.line = sys._getframe(2).f_lineno  # who called the stand-in that calls this
        raise self.over()

    def write(self, text: str) -> int:
        """Take what the process prints."""
        if self._room > 0:
            kept = text[: self._room]
            self._printed.append(kept)
            if len(text) >= self._room:
                self._printed.append("\n(the rest of what it printed is not kept)\n")
        self._room -= len(text)
        return len(text)

    def flush(self) -> None:
        """What is printed is kept until the next step; nothing to do."""

    def take_printed(self) -> str:
        """What was printed since the last step."""
        if not self._printed:
            return ""
        text = "".join(self._printed)
        self._printed.clear()
        return text

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass, as one effect."""
        if not 0 <= seconds < 10**9:
            raise ValueError("sleep length must be non-negative")
        self.ask("clock", "sleep", seconds=seconds)


class Refused(Exception):
    """A refusal as it arrives on the learner's side, before a client gives it its real class."""

    def __init__(self, error: str, message: str, data: dict[str, Value]) -> None:
        super().__init__(message)
        self.error = error
        self.data = data


def live(
    code: CodeType,
    job: Job,
    call: Callable[[Effect], Reply],
    now: int,
    own_streams: bool = False,
) -> Exit:
    """Run one incarnation to its end. `call` takes an effect and gives its reply; it raises
    `Killed` when the process is dead, which passes through here. With `own_streams` the
    interpreter is this process's alone, so `sys.stdout` and `sys.stderr` are taken as well."""
    boundary = Boundary(call, now)
    if own_streams:
        sys.stdout = sys.stderr = boundary
    how: How = "raised"
    error: BaseException | None = None
    try:
        how = _run(code, job, boundary)
    except Killed:
        raise
    except BaseException as raised:  # a learner's code may raise anything, and it is theirs
        error = raised
    return _exit(how, error, boundary)


def _run(code: CodeType, job: Job, boundary: Boundary) -> How:
    namespace: dict[str, Any] = {
        "__name__": NAME,
        "__builtins__": _builtins(job, boundary),
        TICK: boundary.tick,
    }
    exec(code, namespace)
    if not callable(entry := namespace.get(job.entry)):
        raise NameError(f"this cell does not define the function {job.entry}")
    result: object = entry(
        *(
            job.process if kind == NAME_KIND else make(kind, boundary)
            for kind in job.clients.values()
        )
    )
    if isinstance(result, Coroutine | Generator):
        result.close()  # or the interpreter warns, some time later, that it was never awaited
        raise TypeError(
            f"{job.entry} made a {type(result).__name__} and did nothing yet; write a plain "
            "function, without async and yield"
        )
    return "returned"


def _builtins(job: Job, boundary: Boundary) -> dict[str, Any]:
    def show(
        *values: object,
        sep: str | None = " ",
        end: str | None = "\n",
        file: Any = None,
        **_: Any,
    ) -> None:
        if file is None:
            sep = " " if sep is None else sep
            boundary.write(sep.join(map(str, values)) + ("\n" if end is None else end))
        else:
            builtins.print(*values, sep=sep, end=end, file=file)

    def ask(prompt: object = "") -> str:
        raise RuntimeError("input() cannot be used here: nobody sits at a worker's keyboard")

    stand_ins: dict[str, Any] = {
        "__import__": importer(
            lambda: boundary.now,
            boundary.sleep,
            boundary.vanish,
            f"{job.seed}/{job.process}/{job.incarnation}",
            packages(job.clients.values(), boundary),
        ),
        "print": show,
        "input": ask,
    }
    return vars(builtins) | stand_ins


def _exit(how: How, error: BaseException | None, boundary: Boundary) -> Exit:
    printed = boundary.take_printed()
    if boundary.over is Spun:
        return Exit("spun", line=boundary.line, printed=printed)
    if boundary.over is ProcessVanished:
        return Exit("vanished", message=boundary.vanished, line=boundary.line, printed=printed)
    if error is None:
        return Exit(how, printed=printed)
    if isinstance(error, KeyboardInterrupt) and boundary.interrupted:
        return Exit("interrupted", printed=printed)
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return Exit("returned", printed=printed)
    line = _line(error.__traceback__)
    try:
        message = str(error)
    except Killed:
        raise
    except BaseException:  # it is a learner's __str__, and may loop or leave
        message = "(its text cannot be shown: its __str__ raised)"
    return Exit("raised", type(error).__name__, _plain(message)[:500], line, printed)


def _line(trace: TracebackType | None) -> int:
    """The innermost line of the learner's cell in a traceback."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CELL:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _plain(text: str) -> str:
    """A text without memory addresses, which differ from run to run."""
    before, *rest = text.split("0x")
    return before + "".join("0x…" + part.lstrip("0123456789abcdefABCDEF") for part in rest)
