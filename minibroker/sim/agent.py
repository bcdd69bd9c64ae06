"""The world's side of a client: what answers its effects and acts for it in the background.

An agent joins one client (``amqp``, ``payments``) to one engine. It answers a request at once
with a `Reply`, or with a `Wait` when the real call would block. It does what a real client's
connection does without its process: hold what the broker has pushed, send heartbeats, commit
in the background. When the process is gone the world says so with `lost`, and the agent does
what the broker would see: a closed socket, or a session that nobody renews.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.values import Value

NOTHING = Answer(None, did="idle")


@dataclass(frozen=True, slots=True)
class Wait:
    """The call blocks until `ready()` gives a reply, or until `deadline` (virtual time in
    microseconds), when it is answered with `otherwise`. Without a deadline it may block for
    ever, until the world interrupts it."""

    ready: Callable[[], Reply | None]
    deadline: int | None = None
    otherwise: Reply = NOTHING


class Agent(Protocol):
    """What the world asks of each client's other side."""

    def request(self, caller: Caller, op: str, args: dict[str, Value]) -> Reply | Wait:
        """Answer one effect. Refuses an unknown `op` with a `Refusal`, never raises for what a
        learner may have sent."""

    def lost(self, caller: Caller) -> None:
        """The process has ended, crashed or not; its connections are gone."""

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """The process will do nothing before `until` (virtual time in microseconds). It sleeps, and
        what its client does in the background goes on; or it is `frozen` as a whole, background and
        all. Its peer may give it up for dead meanwhile."""

    def broken(
        self, caller: Caller, op: str, args: dict[str, Value], happened: bool
    ) -> Reply | Wait | None:
        """The call breaks off: do what this side would see of it (a connection that is gone), and
        give the error that the caller gets, or the answer, when its client sees to it by itself
        (a `Wait` only before it happened). `happened` says whether the world has let the effect
        happen before. None when calls of this client cannot fail so."""

    def again(self, caller: Caller, op: str, args: dict[str, Value], reply: Reply) -> bool:
        """What this call handed out comes once more, as when its producer had sent it twice.
        False when it handed out nothing that can."""


def no_such(client: str, op: str) -> Refusal:
    """The refusal of an operation that this client does not have."""
    return Refusal("NotInSubset", f"{client} has no operation {op!r} here")
