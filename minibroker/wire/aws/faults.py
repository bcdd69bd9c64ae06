"""What a lesson lets go wrong between a client and the services: by action, so many times.

>>> faults = Faults()
>>> faults.add("SendMessage", close=True, times=1, skip=1)
>>> [faults.take("SendMessage") is not None for _ in range(3)]
[False, True, False]

The real clients try again by themselves after a closed connection and after an error of status 500
or more or one that says *throttled*; ``times`` has to be more than their attempts if a program is
to see it.
"""

from dataclasses import dataclass

from minibroker.aws.errors import AwsError
from minibroker.wire.aws.models import service

COMMON = {
    "InternalError": 500, "InternalFailure": 500, "ServiceUnavailable": 503,
    "RequestThrottled": 403, "ThrottlingException": 400, "AccessDenied": 403, "OverLimit": 403,
}  # fmt: skip
"""Codes and statuses that any action may be refused with (SQS API, "Common Errors")."""


@dataclass(slots=True)
class Fault:
    """For `times` requests `action` after the first `skip`, in this order of what is set: wait
    `delay` seconds; `refuse` closes the connection and the request was never worked on; `error`
    answers so and changes nothing; `close` does what was asked and closes the connection instead of
    answering, so that the client cannot know (the indefinite error)."""

    action: str
    times: int = 1
    skip: int = 0
    delay: float = 0.0
    refuse: bool = False
    error: AwsError | None = None
    close: bool = False


class Faults:
    """The faults that are still to come. False while there are none."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(
        self,
        action: str,
        *,
        times: int = 1,
        skip: int = 0,
        delay: float = 0.0,
        refuse: bool = False,
        error: str = "",
        close: bool = False,
    ) -> None:
        """See `Fault`; `error` is one of `COMMON`, or the code or the name of an error that the
        service has. ValueError for an action or an error that there is not, and for a fault that
        does nothing."""
        services = [service(name) for name in ("sqs", "sns")]
        actions = sorted({each for found in services for each in found.operations})
        if action not in actions:
            raise ValueError(f"there is no action {action!r}; it is one of {', '.join(actions)}")
        if not (delay or refuse or error or close):
            raise ValueError("the fault does nothing: give delay, refuse, error or close")
        found = _error(error) if error else None
        self._waiting.append(Fault(action, times, skip, delay, refuse, found, close))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, action: str) -> Fault | None:
        """What is to happen to this request, the first that is due."""
        for fault in self._waiting:
            if fault.action != action:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
            return fault
        return None


def _error(name: str) -> AwsError:
    message = f"a fault was asked for: {name}"
    if name in COMMON:
        return AwsError(
            name, message, COMMON[name], "Receiver" if COMMON[name] >= 500 else "Sender"
        )
    known = {**COMMON}
    for found in (service("sqs"), service("sns")):
        for shape_name, shape in found.shapes.items():
            if not shape.get("exception"):
                continue
            told = shape.get("error", {})
            code, status = told.get("code", shape_name), told.get("httpStatusCode", 400)
            known[code] = status
            if name in (code, shape_name):
                return AwsError(code, message, status, shape=shape_name)
    raise ValueError(f"there is no error {name!r}; take one of {', '.join(sorted(known))}")
