"""What a lesson lets go wrong between a client and the services: by action, so many times.

>>> due = Faults()
>>> due.add("SendMessage", close=True, times=1, skip=1)
>>> [due.take("SendMessage") is not None for _ in range(3)]
[False, True, False]

The real clients try again by themselves after a closed connection and after an error of status 500
or more or one that says *throttled*; ``times`` has to be more than their attempts if a program is
to see it.
"""

from typing import TypeAlias

from minibroker.aws.errors import AwsError
from minibroker.wire import faults
from minibroker.wire.aws.models import Service, service

COMMON = {
    "InternalError": 500, "InternalFailure": 500, "ServiceUnavailable": 503,
    "RequestThrottled": 403, "ThrottlingException": 400, "AccessDenied": 403, "OverLimit": 403,
}  # fmt: skip
"""Codes and statuses that any action may be refused with (SQS API, "Common Errors")."""


Fault: TypeAlias = faults.Fault[AwsError]


class Faults(faults.Faults[AwsError]):
    """Faults by action. Its errors are those of `COMMON`, or the code or the name of an error that
    the services have."""

    def _check(self, name: str) -> None:
        actions = {each for found in _services() for each in found.operations}
        if name not in actions:
            raise ValueError(
                f"there is no action {name!r}; it is one of {', '.join(sorted(actions))}"
            )

    def _error(self, name: str) -> AwsError:
        message = f"a fault was asked for: {name}"
        if name in COMMON:
            kind = "Receiver" if COMMON[name] >= 500 else "Sender"
            return AwsError(name, message, COMMON[name], kind)
        known = set(COMMON)
        for found in _services():
            for shape_name, shape in found.shapes.items():
                if not shape.get("exception"):
                    continue
                told = shape.get("error", {})
                code, status = told.get("code", shape_name), told.get("httpStatusCode", 400)
                known.add(code)
                if name in (code, shape_name):
                    return AwsError(code, message, status, shape=shape_name)
        raise ValueError(f"there is no error {name!r}; take one of {', '.join(sorted(known))}")


def _services() -> list[Service]:
    return [service(name) for name in ("sqs", "sns")]
