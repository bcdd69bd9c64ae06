"""What a lesson lets go wrong between a client and a broker: by kind of request, so many times.

>>> due = Faults()
>>> due.add("produce", close=True, times=1, skip=1)
>>> [due.take("produce") is not None for _ in range(3)]
[False, True, False]
"""

from functools import cache
from typing import Any, NoReturn, TypeAlias, cast

from minibroker.log.cluster import Cluster
from minibroker.log.errors import Code, LogError
from minibroker.wire import faults
from minibroker.wire.kafka.messages import KEYS

Fault: TypeAlias = faults.Fault[Code]


class Faults(faults.Faults[Code]):
    """Faults by request. Its errors are the names of `Code`."""

    def _check(self, name: str) -> None:
        if name not in KEYS:
            raise ValueError(
                f"there is no request {name!r}; it is one of {', '.join(sorted(KEYS))}"
            )

    def _error(self, name: str) -> Code:
        if name not in Code.__members__:
            raise ValueError(
                f"there is no error {name!r}; take one of {', '.join(Code.__members__)}"
            )
        return Code[name]


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
