"""A server for all tests of a module, and clients that do not send again by themselves."""

import time
from collections.abc import Callable, Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from minibroker.wire.redis.running import Running, start

DEADLINE = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture
def connect(server: Running) -> Iterator[Callable[[], redis.Redis]]:
    clients: list[redis.Redis] = []

    def made(**options: object) -> redis.Redis:
        clients.append(
            redis.Redis.from_url(
                server.url,
                decode_responses=True,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=DEADLINE,
                **options,
            )
        )
        return clients[-1]

    yield made
    for each in clients:
        each.close()


@pytest.fixture
def r(connect: Callable[[], redis.Redis]) -> redis.Redis:
    client = connect()
    client.flushall()
    return client


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "it never came to be so"
            time.sleep(0.005)

    return wait
