"""SQS and SNS for those who are on another thread: a notebook, a test.

>>> with start() as aws:
...     sqs = aws.client("sqs")
...     url = sqs.create_queue(QueueName="orders")["QueueUrl"]
>>> url.endswith("/123456789012/orders")
True
"""

from typing import Any

from minibroker.aws.terms import REGION
from minibroker.wire import running
from minibroker.wire.aws.server import AwsServer

CREDENTIALS = {"aws_access_key_id": "course", "aws_secret_access_key": "not-checked"}


class Running(running.Running[AwsServer]):
    """`endpoint_url` is what a client's is set to."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("aws", lambda: AwsServer(**options))
        self.endpoint_url = self.server.endpoint_url

    def client(self, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client of ``sqs`` or ``sns`` that talks to this server, with credentials that
        nobody checks; `options` are those of ``boto3.client``."""
        import boto3  # it takes half a second

        wanted = {"region_name": region, "endpoint_url": self.endpoint_url, **CREDENTIALS}
        return boto3.session.Session().client(service, **(wanted | options))


def start(**options: Any) -> Running:
    """SQS and SNS on a free port of this machine; `options` are those of `AwsServer`."""
    return Running(options)
