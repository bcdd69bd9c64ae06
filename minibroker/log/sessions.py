"""When was a member heard of for the last time?

Rule: this knows members' sessions and nothing of groups. A session that its client vouches for
costs no timers; of another one at most one look is due at any time.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from minibroker.sim.clock import Clock


class HasSession(Protocol):
    """`alive`: its client vouches for it, and will say when it stops. `deadline`: when the session
    ends (microseconds). `watched`: a look at that is due."""

    session_timeout: int
    alive: bool
    deadline: int
    watched: bool


M = TypeVar("M", bound=HasSession)


class Sessions(Generic[M]):
    """The sessions of one group's members; `expired` is called for one that ended."""

    def __init__(
        self,
        clock: Clock,
        at: Callable[[int, Callable[[], None]], None],
        expired: Callable[[M], None],
    ) -> None:
        self._clock, self._at, self._expired = clock, at, expired

    def keep_alive(self, member: M, alive: bool) -> None:
        """Its client vouches for it from now on, or does no more."""
        member.alive = alive
        self.lives(member)

    def lives(self, member: M) -> None:
        """It was heard of: its session begins anew."""
        member.deadline = self._clock.now + member.session_timeout
        if not member.alive and not member.watched:
            self._watch(member)

    def _watch(self, member: M) -> None:
        member.watched = True
        self._at(member.deadline, lambda: self._look(member))

    def _look(self, member: M) -> None:
        member.watched = False
        if member.alive:
            return
        if member.deadline > self._clock.now:
            self._watch(member)
        else:
            self._expired(member)
