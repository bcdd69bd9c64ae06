"""What a lesson lets go wrong between a client and the broker: by method, so many times.

>>> due = Faults()
>>> due.add("basic.publish", close=True, times=1, skip=1)
>>> [due.take("basic.publish") is not None for _ in range(3)]
[False, True, False]
"""

from typing import NoReturn, TypeAlias

from minibroker.wire import faults
from minibroker.wire.amqp.methods import NAMES

OKS = ("connection.start-ok", "connection.tune-ok")
"""Of these, those that a client sends."""

SERVERS = ("connection.start", "connection.tune", "connection.secure", "basic.deliver",
           "basic.return")  # fmt: skip

_NAMED = frozenset(
    name
    for name in NAMES.values()
    if name not in SERVERS and (not name.endswith("-ok") or name in OKS)
)

Fault: TypeAlias = faults.Fault[NoReturn]


class Faults(faults.Faults[NoReturn]):
    """Faults by method. A message that is published is there when all of its body is. No method is
    answered with an error that one could ask for: the protocol closes its channel instead."""

    def _check(self, name: str) -> None:
        if name not in _NAMED:
            raise ValueError(f"a client has no method {name!r}; it has ones like basic.publish")

    def _error(self, name: str) -> NoReturn:
        raise ValueError(f"no method is answered with {name!r}; give delay, refuse or close")
