"""The effect boundary: the contract between a learner's code and the world.

A learner's code is a *process*. It owns nothing that survives a crash. All it does to the
outside (poll, ack, publish, charge, save, sleep) is an `Effect`: one request that crosses one
boundary and is answered by one `Reply`. Whoever stands on the boundary can order, delay, fail,
repeat and record effects, so determinism, fault injection, grading, timelines and replay are
all the same mechanism.

A process is driven, it never drives::

    step = process.start(now)            # runs until its first effect, or to its end
    while isinstance(step, Effect):
        step = process.resume(answer(step))
    # step is an Exit

- Nothing happens in a process between two steps: one that is not resumed is paused.
- `kill()` may be called between any two steps. It loses the process's memory; `finally:`
  blocks and `except:` handlers of a killed process reach nothing.
- What crosses is a `Value` (see :mod:`minibroker.sim.values`), copied in every transport.
- A client's local state (buffers, callbacks, prefetched records) lives in the process and dies
  with it. What a real client does in the background is done in the world by its *agent* (see
  :mod:`minibroker.sim.agent`).

Every transport gives the same steps for the same replies: `minibroker.sim.inline` runs the
code in a greenlet, the graders' sandbox in a forked child, `minibroker.sim.tape` plays back a
recording. Roles of other shapes are processes too: a *function* asks for its next arguments
and answers with its result by two effects of a client of ours, a *value* hands itself in by one.

>>> Effect("payments", "charge", {"order": "order-1", "cents": 4200})
Effect(client='payments', op='charge', args={'order': 'order-1', 'cents': 4200}, printed='')
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from minibroker.sim.values import Value


@dataclass(frozen=True, slots=True)
class Effect:
    """One request: which client, which operation, with which arguments by name.

    `printed` is what the process printed since its last step. It is shown to the learner for
    the schedule that is explained, and is no part of the trace.
    """

    client: str
    op: str
    args: dict[str, Value]
    printed: str = ""


Did: TypeAlias = Literal["changed", "read", "idle"]
"""What an effect did to the world. ``changed``: something. ``read``: nothing, it only looked;
a crash after it leaves the world as one before it does, so none is tried there. ``idle``:
nothing, and the caller waits for something to do (an empty poll, a sleep); a run is at rest
when nothing but that is left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The effect happened and gave `value`. `now` is the virtual time in microseconds."""

    value: Value
    now: int = 0
    did: Did = "changed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The caller gets an exception: `error` names its class among the client's own errors."""

    error: str
    message: str
    data: dict[str, Value] = field(default_factory=dict)
    now: int = 0
    did: Did = "read"


@dataclass(frozen=True, slots=True)
class Interrupt:
    """KeyboardInterrupt in the blocked call, as Ctrl+C would: nothing is left to happen."""

    now: int = 0


Reply: TypeAlias = Answer | Refusal | Interrupt

How: TypeAlias = Literal[
    "returned",  # the entry function returned
    "interrupted",  # it ended by the KeyboardInterrupt that it was sent
    "raised",  # an exception left it
    "spun",  # it spent its budget of ticks without an effect
    "hung",  # it spent its wall clock without an effect (a child only)
    "vanished",  # its operating system process ended (a child only)
    "broke",  # it sent what is no effect (a child only)
]


@dataclass(frozen=True, slots=True)
class Exit:
    """A process ended by itself. `line` counts from 1 in the learner's cell, 0 if not in it."""

    how: How
    error: str = ""
    message: str = ""
    line: int = 0
    printed: str = ""


Step: TypeAlias = Effect | Exit


class Process(Protocol):
    """One incarnation of one role. See the module's docstring for the contract."""

    def start(self, now: int) -> Step:
        """Run from the beginning to the first effect or the end. Called once."""

    def resume(self, reply: Reply) -> Step:
        """Answer the last effect and run to the next one or the end."""

    def kill(self) -> None:
        """End the process where it stands. Calling it twice does nothing more."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: the process's name and which incarnation of it, from 1."""

    process: str
    incarnation: int

    @property
    def label(self) -> str:
        """How the caller is named in traces and timelines, such as ``worker#2``."""
        return f"{self.process}#{self.incarnation}"


Launch: TypeAlias = Callable[[Caller], Process]
"""Makes the process for an incarnation; the caller's `process` names its role's instance."""
