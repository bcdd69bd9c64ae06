"""What a lesson lets go wrong between a client and the broker: by method, so many times.

>>> faults = Faults()
>>> faults.add("basic.publish", close=True, times=1, skip=1)
>>> [faults.take("basic.publish") is not None for _ in range(3)]
[False, True, False]
"""

from dataclasses import dataclass

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


@dataclass(slots=True)
class Fault:
    """For `times` methods `name` after the first `skip`, in this order of what is set: wait `delay`
    seconds; `refuse` closes the connection and the method was never worked on; `close` does what
    was asked and closes the connection before anything is answered, so that the client cannot know
    (the indefinite error). A message that is published is there when all of its body is."""

    name: str
    times: int = 1
    skip: int = 0
    delay: float = 0.0
    refuse: bool = False
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
        close: bool = False,
    ) -> None:
        """See `Fault`. ValueError for a method that there is not, and for a fault that does
        nothing."""
        if name not in _NAMED:
            raise ValueError(f"a client has no method {name!r}; it has ones like basic.publish")
        if not (delay or refuse or close):
            raise ValueError("the fault does nothing: give delay, refuse or close")
        self._waiting.append(Fault(name, times, skip, delay, refuse, close))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, name: str) -> Fault | None:
        """What is to happen to this method, the first that is due."""
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
