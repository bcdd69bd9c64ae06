"""A broker for the tests of its clients."""

from collections.abc import Iterator

import pytest

from minibroker.wire.amqp.running import Running, start


@pytest.fixture
def rabbit() -> Iterator[Running]:
    """A broker, empty."""
    with start() as running:
        yield running
