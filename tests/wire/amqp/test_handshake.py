"""How connections begin, and how they do not."""

import logging
from typing import Any

import pytest
from pamqp import commands

from minibroker.wire.amqp import fields
from minibroker.wire.amqp.running import Running, start
from tests.wire.amqp.raw import CAPABLE, PLAIN, connected, opened


def test_the_server_says_what_it_can_do(rabbit: Running) -> None:
    with connected(rabbit) as raw:
        raw.socket.sendall(b"AMQP\0\0\x09\x01")
        began = raw.method()
        assert (began.version_major, began.version_minor) == (0, 9)
        assert began.mechanisms.split() == [b"PLAIN", b"AMQPLAIN"]
        assert began.server_properties["version"].startswith("4.3.")
        assert began.server_properties["capabilities"] == dict.fromkeys(
            [
                "publisher_confirms",
                "exchange_exchange_bindings",
                "basic.nack",
                "consumer_cancel_notify",
                "connection.blocked",
                "consumer_priorities",
                "authentication_failure_close",
                "per_consumer_qos",
                "direct_reply_to",
            ],
            True,
        )


@pytest.mark.parametrize("first", [b"AMQP\0\0\x08\0", b"AMQP\x02\x03\0\x09", b"GET / HTTP/1.1\r\n"])
def test_who_speaks_something_else_is_told_what_is_spoken_here(
    rabbit: Running, first: bytes
) -> None:
    with connected(rabbit) as raw:
        raw.socket.sendall(first)
        assert raw.socket.recv(100) == b"AMQP\0\0\x09\x01"
        assert raw.is_closed()


def test_what_is_agreed_on(rabbit: Running) -> None:
    with connected(rabbit) as raw:
        tune = raw.start()
        assert (tune.channel_max, tune.frame_max, tune.heartbeat) == (2047, 131_072, 60)


def test_amqplain_is_understood(rabbit: Running) -> None:
    with connected(rabbit) as raw:
        raw.socket.sendall(b"AMQP\0\0\x09\x01")
        raw.method()
        table = fields.written_table({"LOGIN": "guest", "PASSWORD": "guest"})[4:]
        values: tuple[Any, ...] = (CAPABLE, "AMQPLAIN", table, "en_US")
        answer = raw.ask(0, commands.Connection.StartOk, *values)
        assert isinstance(answer, commands.Connection.Tune)


@pytest.mark.parametrize("response", [b"\0guest\0wrong", b"\0nobody\0guest", b"", b"\xff\xff"])
def test_a_wrong_password_is_refused(rabbit: Running, response: bytes) -> None:
    with connected(rabbit) as raw:
        closed = raw.start(response=response)
        assert (closed.reply_code, closed.reply_text) == (
            403,
            "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details "
            "see the broker logfile.",
        )


def test_a_client_that_does_not_know_better_is_left_without_a_word(rabbit: Running) -> None:
    with connected(rabbit) as raw:
        assert raw.start(properties={}, response=b"\0guest\0wrong") is None


def test_other_users_than_guest_can_be_given() -> None:
    with start(users={"shop": "s3cret"}) as rabbit:
        assert rabbit.url == f"amqp://shop:s3cret@127.0.0.1:{rabbit.port}/"
        with connected(rabbit) as raw:
            assert raw.start(response=PLAIN).reply_code == 403
        with connected(rabbit) as raw:
            assert isinstance(raw.start(response=b"\0shop\0s3cret"), commands.Connection.Tune)


def test_there_is_one_virtual_host(rabbit: Running) -> None:
    with connected(rabbit) as raw:
        raw.start()
        raw.send(0, commands.Connection.TuneOk, 0x7FF, 131_072, 0)
        closed = raw.ask(0, commands.Connection.Open, "staging", "", False)
        assert (closed.reply_code, closed.reply_text) == (
            530,
            "NOT_ALLOWED - vhost staging not found",
        )
        assert (closed.class_id, closed.method_id) == (10, 40)


@pytest.mark.parametrize(
    ("tuned", "text"),
    [
        ((2047, 4096, 0), "frame_max = 4096 is lower than the minimum allowed value (8192)"),
        (
            (2047, 200_000, 0),
            "frame_max = 200000 is higher than the maximum allowed value (131072)",
        ),
        (
            (0, 131_072, 0),
            "channel_max = 0 (no limit) is higher than the maximum allowed value (2047)",
        ),
    ],
)
def test_more_or_less_than_is_offered_cannot_be_agreed_on(
    rabbit: Running, tuned: tuple[int, int, int], text: str
) -> None:
    with connected(rabbit) as raw:
        raw.start()
        closed = raw.ask(0, commands.Connection.TuneOk, *tuned)
        assert (closed.reply_code, closed.reply_text) == (530, f"NOT_ALLOWED - negotiated {text}")


def test_no_more_channels_than_agreed_on(rabbit: Running) -> None:
    with opened(rabbit, 2, 131_072, 0) as raw:
        raw.channel(2)
        closed = raw.ask(3, commands.Channel.Open, "")
        assert (closed.reply_code, closed.reply_text) == (
            530,
            "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max "
            "(2)",
        )


def test_a_larger_frame_than_agreed_on_ends_the_connection(rabbit: Running) -> None:
    with opened(rabbit, 2047, 8192, 0) as raw:
        raw.socket.sendall(b"\x03\0\1" + (8193).to_bytes(4, "big"))
        closed = raw.method()
        assert closed.reply_code == 501
        assert closed.reply_text.startswith("FRAME_ERROR - type 3, all octets = <<>>: ")
        assert "{frame_too_large,8193,8184}" in closed.reply_text
        assert raw.is_closed()


def test_the_server_keeps_to_the_frames_that_were_agreed_on(rabbit: Running) -> None:
    with opened(rabbit, 2047, 8192, 0) as raw:
        raw.ask(1, commands.Queue.Declare, 0, "q", *(False, True, False, False, False), {})
        raw.send(1, commands.Basic.Publish, 0, "", "q", False, False)
        raw.frame(2, 1, b"\0\x3c\0\0" + (20_000).to_bytes(8, "big") + b"\0\0")
        for size in (8184, 8184, 3632):
            raw.frame(3, 1, b"x" * size)
        raw.send(1, commands.Basic.Get, 0, "q", True)
        sizes = [len(raw.read()[2]) for _ in range(5)]  # type: ignore[index]
        assert sizes[2:] == [8184, 8184, 3632]


def test_two_missed_heartbeats_end_a_connection(
    rabbit: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), opened(rabbit, 2047, 131_072, 1) as raw:
        kinds = []
        while (found := raw.read()) is not None:
            kinds.append(found[0])
        assert kinds.count(8) >= 2  # the server shows that it lives
    assert "missed heartbeats" in caplog.text


def test_who_sends_heartbeats_stays(rabbit: Running) -> None:
    with opened(rabbit, 2047, 131_072, 1) as raw:
        for _ in range(6):  # as many as the server sends in three seconds
            found = raw.read()
            assert found is not None
            assert found[0] == 8
            raw.frame(8, 0, b"")
