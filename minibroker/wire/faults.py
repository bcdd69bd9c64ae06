"""What a lesson lets go wrong between a client and a server: by kind of request, so many times.

Rule: what a fault is, and which is due, stands here; each wire says what its requests and errors
are called (`Faults._check`, `Faults._error`).
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

E = TypeVar("E")
"""What a wire answers with when it refuses a request."""


@dataclass(slots=True)
class Fault(Generic[E]):
    """For `times` requests `name` after the first `skip`, in this order of what is set: wait
    `delay` seconds; `refuse` closes the connection and the request was never worked on; `error`
    answers so and changes nothing; `close` does what was asked and closes the connection instead of
    answering, so that the client cannot know (the indefinite error)."""

    name: str
    times: int = 1
    skip: int = 0
    delay: float = 0.0
    refuse: bool = False
    error: E | None = None
    close: bool = False


class Faults(Generic[E]):
    """The faults that are still to come. False while there are none."""

    def __init__(self) -> None:
        self._waiting: list[Fault[E]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(
        self,
        name: str,
        *,
        times: int = 1,
        skip: int = 0,
        delay: float = 0.0,
        refuse: bool = False,
        error: str = "",
        close: bool = False,
    ) -> None:
        """See `Fault`; `error` is what the wire calls one. ValueError for a request or an error
        that it does not have, and for a fault that does nothing."""
        self._check(name)
        if not (delay or refuse or error or close):
            raise ValueError("the fault does nothing: give delay, refuse, error or close")
        found = self._error(error) if error else None
        self._waiting.append(Fault(name, times, skip, delay, refuse, found, close))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, name: str) -> Fault[E] | None:
        """What is to happen to this request, the first that is due."""
        for fault in self._waiting:
            if fault.name != name:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
            return fault
        return None

    def _check(self, name: str) -> None:
        """Raise ValueError if the wire has no such request."""
        raise NotImplementedError

    def _error(self, name: str) -> E:
        """The error of that name, or ValueError."""
        raise NotImplementedError
