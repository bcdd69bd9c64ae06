"""A server whose disk takes no more answers nobody, whoever finds it out."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from minibroker.wire.kafka.running import Running, start
from minibroker.wire.kafka.server import KafkaServer
from tests.wire.kafka.raw import answer, api_versions, connected, is_closed, request
from tests.wire.kafka.waiting import soon


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Running]:
    """A server that keeps its data."""
    with start(data=tmp_path / "data") as running:
        yield running


def fill(server: KafkaServer) -> None:
    """Nothing can be written from now on."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    server._disk._flush = full  # type: ignore[union-attr, method-assign]


def test_what_nobody_waits_for_finds_it_out(
    kept: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(kept.bootstrap_servers) as connection:
        api_versions(connection)
        kept.ask(fill)
        with caplog.at_level(logging.CRITICAL):
            kept.ask(lambda server: server.cluster.create_topic("orders"))
            soon(lambda: kept.ask(lambda server: server.failed.is_set()))
        assert is_closed(connection)
    assert "No space left on device" in caplog.text
    with connected(kept.bootstrap_servers) as late:
        late.sendall(request("api_versions", 0, b""))
        assert answer(late) is None


def test_an_answer_that_waits_for_it_is_not_sent(kept: Running) -> None:
    with connected(kept.bootstrap_servers) as connection:
        api_versions(connection)
        kept.ask(fill)
        # Metadata of a topic that is made because it is asked for.
        connection.sendall(request("metadata", 1, b"\x00\x00\x00\x01\x00\x06orders"))
        assert answer(connection) is None
    assert kept.ask(lambda server: server.failed.is_set())


def test_a_sync_that_fails_later_ends_all_answers_too(tmp_path: Path) -> None:
    def broken() -> None:
        raise OSError(5, "Input/output error")

    def break_it(server: KafkaServer) -> None:
        server._disk._files.sync = broken  # type: ignore[union-attr, method-assign]
        server.cluster.create_topic("orders")

    with start(data=tmp_path / "data", fsync="interval") as running:
        running.ask(break_it)
        soon(lambda: running.ask(lambda server: server.failed.is_set()))
        assert not running.ask(lambda server: server._disk.needs_flush)  # type: ignore[union-attr]
        with connected(running.bootstrap_servers) as late:
            late.sendall(request("api_versions", 0, b""))
            assert answer(late) is None
