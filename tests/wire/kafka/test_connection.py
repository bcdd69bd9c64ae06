"""What comes over a connection that is no request ends it, and it alone."""

import logging
import struct
from contextlib import suppress

import pytest

from minibroker.wire.kafka import apis
from minibroker.wire.kafka.connection import ENOUGH
from minibroker.wire.kafka.messages import KEYS, NAMES, schema
from minibroker.wire.kafka.running import Running
from tests.wire.kafka.raw import (
    answer,
    api_versions,
    connected,
    frame,
    is_closed,
    request,
)
from tests.wire.kafka.waiting import soon

BAD = {
    "a negative length": struct.pack(">i", -5),
    "a length that no request has": struct.pack(">i", 2**31 - 1),
    "a frame too short for a header": frame(b"\x00\x12\x00\x00\x00\x00"),
    "a client id longer than the frame": frame(struct.pack(">hhih", 18, 0, 1, 5000)),
    "a request of no known kind": frame(struct.pack(">hhih", 999, 0, 1, -1)),
    "a version that is not served": frame(struct.pack(">hhih", KEYS["produce"], 1, 1, -1)),
    "a body that ends too early": request("metadata", 12, b"\x09"),
    "HTTP": b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "tagged fields without end": frame(
        struct.pack(">hhih", KEYS["metadata"], 12, 1, -1) + b"\xff\xff\xff\xff\x0f"
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_request_ends_its_connection_with_a_line_in_the_log(
    kafka: Running, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connected(kafka.bootstrap_servers) as other, connected(kafka.bootstrap_servers) as bad:
        api_versions(other)
        with caplog.at_level(logging.WARNING):
            bad.sendall(BAD[what])
            assert is_closed(bad)
        api_versions(other)  # which goes on
    lines = [each.getMessage() for each in caplog.records if "closed the connection" in each.msg]
    assert len(lines) == 1, lines


def test_a_version_of_api_versions_that_is_too_high_is_answered_in_version_0(
    kafka: Running,
) -> None:
    with connected(kafka.bootstrap_servers) as connection:
        connection.sendall(frame(struct.pack(">hhih", 18, 99, 7, -1) + b"\x00"))
        body = answer(connection)
    assert body is not None
    code, count, key, first, last = struct.unpack(">hihhh", body[4:])
    assert (code, count, key) == (35, 1, 18)
    assert (first, last) == (0, 4)


def test_requests_are_answered_in_their_order(kafka: Running) -> None:
    with connected(kafka.bootstrap_servers) as connection:
        sent = b"".join(request("api_versions", 0, b"", number) for number in range(50))
        connection.sendall(sent[:7])  # in pieces that are no frames
        connection.sendall(sent[7:])
        found = [answer(connection) for _ in range(50)]
    assert [int.from_bytes((each or b"")[:4], "big") for each in found] == list(range(50))


def test_a_client_that_sends_half_a_request_and_waits_hinders_nobody(kafka: Running) -> None:
    with connected(kafka.bootstrap_servers) as half, connected(kafka.bootstrap_servers) as other:
        half.sendall(request("api_versions", 0, b"")[:9])
        api_versions(other)
        half.sendall(request("api_versions", 0, b"")[9:])
        assert answer(half) is not None


def test_a_client_that_goes_while_it_waits_leaves_nothing(kafka: Running) -> None:
    kafka.ask(lambda server: server.cluster.create_topic("orders"))
    name = b"\x00\x06orders"
    # One partition, from offset 0 on, waiting up to a minute for a byte.
    body = struct.pack(">iiiib", -1, 60_000, 1, 1_000_000, 0)
    body += struct.pack(">i", 1) + name + struct.pack(">iiqi", 1, 0, 0, 1_000_000)
    with connected(kafka.bootstrap_servers) as connection:
        connection.sendall(request("fetch", 4, body))
        soon(lambda: kafka.ask(lambda server: len(server._waiting)) == 1)
    soon(lambda: kafka.ask(lambda server: len(server._waiting)) == 0)
    soon(lambda: kafka.ask(lambda server: len(server.brokers[1].connections)) == 0)


def test_every_version_that_is_told_can_be_read_and_written() -> None:
    for key, first, last in apis.served():
        for version in range(first, last + 1):
            assert apis.found(key, version) is not None
            assert schema(NAMES[key], version).version == version
        assert apis.found(key, last + 1) is None


def test_a_client_that_does_not_read_its_answers_is_not_read_from(kafka: Running) -> None:
    for number in range(100):
        kafka.ask(lambda server, name=f"orders-{number}": server.cluster.create_topic(name))
    every = request("metadata", 1, struct.pack(">i", -1))

    def held() -> int:
        [connection] = kafka.ask(lambda server: list(server.brokers[1].connections))
        return len(connection._buffer)

    with connected(kafka.bootstrap_servers) as connection:
        soon(lambda: kafka.ask(lambda server: len(server.brokers[1].connections)) == 1)
        connection.settimeout(2)
        left = memoryview(every * 1_200_000)  # 30 MB, more than lies in any buffer on the way
        with suppress(TimeoutError):  # nobody takes more, which is what is wanted
            while left:
                left = left[connection.send(left[:65_536]) :]
        assert held() < 2 * ENOUGH
