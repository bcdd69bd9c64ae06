"""Clients in the shape of ``boto3.client("sqs")`` and ``boto3.client("sns")``.

The subset: the actions in `minibroker.clients.aws_shapes`, which are all of SQS, and those of SNS
that are about topics and subscriptions; ``client.exceptions``. A call takes keyword arguments in
AWS's names and gives a dict in AWS's shape. A refusal by the service is a
`botocore.exceptions.ClientError` with ``response["Error"]["Code"]``, and one of its kinds in
``client.exceptions`` where the service's model has it. Parameters are checked before they are sent,
as botocore does (`ParamValidationError`).

boto3 tries again by itself, five times in all (botocore, "Retries", legacy mode), when it gets no
answer. What a fault does here is what is left after that: `EndpointConnectionError`, nothing was
done, or `ReadTimeoutError`, it was done and no answer came. A batch may also be done in part.

botocore's exceptions are the real ones where it is installed; nothing else of it is imported.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from minibroker.clients import Asks, NotInSubset, outside
from minibroker.clients.aws_errors import (
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
    exceptions_of,
)
from minibroker.clients.aws_params import checked
from minibroker.clients.aws_shapes import OPS, OUTSIDE
from minibroker.sim.incarnation import Refused

REGION = "us-east-1"


class Client:
    """The client of one service; see the module for the subset."""

    def __init__(self, boundary: Asks, service: str) -> None:
        self._boundary, self._service = boundary, service
        self._calls = 0
        self.exceptions = exceptions_of(service)

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        # Not where a class would have its methods: there are 42, all alike.
        service: str = self.__dict__["_service"]
        action = OPS[service].get(name)
        if action is None:
            return _none(service, name)

        def call(*args: object, **kwargs: object) -> dict[str, Any]:
            if args:
                raise TypeError(f"{name}() only accepts keyword arguments.")
            return self._call(name, action, kwargs)

        call.__name__ = name
        return call

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *OPS[self._service]]

    def _call(self, op: str, action: str, given: dict[str, object]) -> dict[str, Any]:
        sent, wrong = checked(self._service, action, given)
        if wrong:
            raise ParamValidationError(report="\n".join(wrong))
        try:
            told = self._boundary.ask(self._service, op, **sent)
        except Refused as refused:
            raise self._error(action, refused) from None
        assert isinstance(told, dict)
        return {**told, "ResponseMetadata": self._metadata(200)}

    def _metadata(self, status: int) -> dict[str, Any]:
        self._calls += 1
        return {
            "RequestId": f"00000000-0000-4000-8000-{self._calls:012x}",
            "HTTPStatusCode": status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        }

    def _error(self, action: str, refused: Refused) -> Exception:
        endpoint = f"https://{self._service}.{REGION}.amazonaws.com/"
        if refused.error == "EndpointConnectionError":
            return EndpointConnectionError(endpoint_url=endpoint)
        if refused.error == "ReadTimeoutError":
            return ReadTimeoutError(endpoint_url=endpoint)
        if refused.error != "ClientError":
            return NotInSubset(str(refused))
        data: dict[str, Any] = refused.data
        error = {"Message": str(refused), "Code": data["code"]}
        if self._service == "sqs":
            error["QueryErrorCode"] = data["shape"]
        error["Type"] = data["type"]
        kind: type[ClientError] = self.exceptions.from_code(
            data["shape"] if self._service == "sqs" else data["code"]
        )
        return kind({"Error": error, "ResponseMetadata": self._metadata(data["status"])}, action)


def _none(service: str, name: str) -> NoReturn:
    if name in OUTSIDE[service]:
        outside(f"boto3.client({service!r})", name)
    raise AttributeError(f"{service.upper()!r} object has no attribute {name!r}")


MAKERS: dict[str, Callable[[Asks], Any]] = {
    "sqs": lambda boundary: Client(boundary, "sqs"),
    "sns": lambda boundary: Client(boundary, "sns"),
}
