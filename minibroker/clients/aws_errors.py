"""The exceptions of boto3's clients: botocore's own where it is installed, else of the same names.

``client.exceptions`` has a class for each error that the service's model knows, all of them kinds
of `ClientError`, as botocore makes them (boto3, "Error handling").
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from minibroker.clients.aws_shapes import ERRORS, error_class

if TYPE_CHECKING:
    REAL = False
else:
    try:
        # Costs 0.04 s, once a process; the rest of botocore is not imported.
        from botocore.exceptions import (
            ClientError,
            EndpointConnectionError,
            ParamValidationError,
            ReadTimeoutError,
        )

        REAL = True
    except ImportError:
        REAL = False

if not REAL:

    class BotoCoreError(Exception):
        """What went wrong before the service had its say."""

        fmt = "An unspecified error occurred"

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(self.fmt.format(**kwargs))
            self.kwargs = kwargs

    class ParamValidationError(BotoCoreError):
        """The parameters are not those that the action takes."""

        fmt = "Parameter validation failed:\n{report}"

    class EndpointConnectionError(BotoCoreError):
        """The service cannot be reached."""

        fmt = 'Could not connect to the endpoint URL: "{endpoint_url}"'

    class ReadTimeoutError(BotoCoreError):
        """No answer came."""

        fmt = 'Read timeout on endpoint URL: "{endpoint_url}"'

    class ClientError(Exception):
        """The service refused."""

        def __init__(self, error_response: dict[str, Any], operation_name: str) -> None:
            error = error_response.get("Error", {})
            super().__init__(
                f"An error occurred ({error.get('Code', 'Unknown')}) when calling the "
                f"{operation_name} operation: {error.get('Message', 'Unknown')}"
            )
            self.response, self.operation_name = error_response, operation_name


class Exceptions:
    """``client.exceptions``."""

    def __init__(self, service: str) -> None:
        self.ClientError = ClientError
        self._service = service
        self._classes = {name: type(name, (ClientError,), {}) for name in ERRORS[service]}

    def from_code(self, code: str) -> type[ClientError]:
        """The class of a code; `ClientError` itself for one that the model does not have."""
        return self._classes.get(error_class(self._service, code), ClientError)

    def __getattr__(self, name: str) -> type[ClientError]:
        found = self.__dict__.get("_classes", {}).get(name)
        if found is None:
            raise AttributeError(
                f"{self!r} object has no attribute {name}. Valid exceptions are: "
                f"{', '.join(self.__dict__.get('_classes', {}))}"
            )
        return found  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<{self.__dict__.get('_service', '')}.Exceptions>"


@cache
def exceptions_of(service: str) -> Exceptions:
    """The exceptions of ``sqs`` or ``sns``, the same ones for all clients, as they must be for an
    `except` to find them."""
    return Exceptions(service)
