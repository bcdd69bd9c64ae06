"""A broker for the tests of its clients."""

from collections.abc import Iterator

import pytest

from minibroker.wire.kafka.running import Running, start


@pytest.fixture
def kafka() -> Iterator[Running]:
    """One broker, empty."""
    with start() as running:
        yield running


@pytest.fixture
def three_brokers() -> Iterator[Running]:
    """Three of them."""
    with start(3) as running:
        yield running
