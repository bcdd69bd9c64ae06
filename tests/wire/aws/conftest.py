"""A server for each test, and boto3's clients of it, which try once and wait for long."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config

from minibroker.wire.aws.running import Running, start

PATIENT = Config(read_timeout=60, connect_timeout=60, retries={"total_max_attempts": 1})


@pytest.fixture
def aws() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture
def client(aws: Running) -> Iterator[Callable[..., Any]]:
    """``client("sqs")``, closed at the end."""
    made = []

    def make(service: str, **options: Any) -> Any:
        made.append(aws.client(service, **{"config": PATIENT} | options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def sqs(client: Callable[..., Any]) -> Any:
    return client("sqs")


@pytest.fixture
def sns(client: Callable[..., Any]) -> Any:
    return client("sns")
