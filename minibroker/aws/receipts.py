"""Receipt handles: which receive of which message, in a form that a client has no use for.

A handle names a *receive*, not a message, so each receive gives another one (SQS API,
DeleteMessage).
"""

import base64
from typing import NamedTuple

from minibroker.aws.errors import AwsError


class Receipt(NamedTuple):
    """The receive numbered `receipt` handed out the copy at `position` of the queue numbered
    `queue`."""

    queue: int
    position: int
    receipt: int


def handle(queue: int, position: int, receipt: int) -> str:
    """As text."""
    return base64.b64encode(f"AQEB/{queue}/{position}/{receipt}".encode()).decode()


def read(text: str) -> Receipt:
    """ReceiptHandleIsInvalid for what no receive has given out."""
    try:
        mark, *numbers = base64.b64decode(text, validate=True).decode("ascii").split("/")
        queue, position, receipt = map(int, numbers)
    except ValueError:
        mark = ""
    if mark != "AQEB":
        raise invalid(text)
    return Receipt(queue, position, receipt)


def invalid(text: str) -> AwsError:
    """The handle is none of this queue's."""
    return AwsError(
        "ReceiptHandleIsInvalid",
        f'The input receipt handle "{text}" is not a valid receipt handle.',
        status=404,
    )
