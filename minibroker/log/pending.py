"""An answer that the engine gives later: to a produce that waits for its replicas, to a join that
waits for the other members.

The engine calls `settle` once, with the result or with the error. Whoever asked looks at `done`,
or leaves word with `then`.

>>> answer: Pending[int] = Pending()
>>> answer.done
False
>>> answer.settle(7)
>>> answer.done, answer.get()
(True, 7)
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from minibroker.log.errors import LogError

T = TypeVar("T")


class Pending(Generic[T]):
    """See the module's docstring."""

    __slots__ = ("_listener", "_result", "done")

    def __init__(self) -> None:
        self.done = False
        self._result: T | LogError | None = None
        self._listener: Callable[[], None] | None = None

    def settle(self, result: T | LogError) -> None:
        """Answer. Another answer after the first is ignored: who asked has gone on."""
        if self.done:
            return
        self.done, self._result = True, result
        if self._listener is not None:
            self._listener()

    def get(self) -> T:
        """The result, once there is one; raises the `LogError` that it was refused with."""
        assert self.done, "not answered yet"
        if isinstance(self._result, LogError):
            raise self._result
        return self._result  # type: ignore[return-value]

    def then(self, listener: Callable[[], None]) -> None:
        """Call back when it is answered, at once if it is already."""
        self._listener = listener
        if self.done:
            listener()
