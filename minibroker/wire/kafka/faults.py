"""What a lesson lets go wrong between a client and a broker: by kind of request, so many times.

>>> faults = Faults()
>>> faults.add("produce", close=True, times=1, skip=1)
>>> [faults.take("produce") is not None for _ in range(3)]
[False, True, False]
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, cast

from minibroker.log.cluster import Cluster
from minibroker.log.errors import Code, LogError
from minibroker.wire.kafka.messages import KEYS


@dataclass(slots=True)
class Fault:
    """For `times` requests `name` after the first `skip`, in this order of what is set: wait
    `delay` seconds; `refuse` closes the connection and the request was never worked on; `code`
    answers with this error and changes nothing; `close` does what was asked and closes the
    connection instead of answering, so that the client cannot know (the indefinite error)."""

    name: str
    times: int = 1
    skip: int = 0
    delay: float = 0.0
    refuse: bool = False
    code: Code | None = None
    close: bool = False


class Faults:
    """The faults that are still to come. False while there are none."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

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
        """See `Fault`; `error` is the name of its `Code`. ValueError for a request or a code that
        there is not, and for a fault that does nothing."""
        if name not in KEYS:
            raise ValueError(
                f"there is no request {name!r}; it is one of {', '.join(sorted(KEYS))}"
            )
        if error and error not in Code.__members__:
            raise ValueError(
                f"there is no error {error!r}; take one of {', '.join(Code.__members__)}"
            )
        if not (delay or refuse or error or close):
            raise ValueError("the fault does nothing: give delay, refuse, error or close")
        code = Code[error] if error else None
        self._waiting.append(Fault(name, times, skip, delay, refuse, code, close))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, name: str) -> Fault | None:
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


class Refusing:
    """Stands for a cluster: whatever is asked of it is refused with the same error, so that a
    handler answers as it would if the broker had refused."""

    def __init__(self, code: Code) -> None:
        self._code = code

    @classmethod
    @cache
    def of(cls, code: Code) -> Cluster:
        """The one that refuses with this code."""
        return cast("Cluster", cls(code))

    def __getattr__(self, name: str) -> Any:
        if name in ("groups", "transactions"):
            return self

        def refuse(*_: object, **__: object) -> NoReturn:
            raise LogError(self._code, f"a fault was asked for: {self._code.name}")

        return refuse
