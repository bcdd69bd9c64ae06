"""Each misuse has its code and its text, and ends a channel or a connection."""

import logging
from typing import Any

import pytest
from pamqp import commands
from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx

from minibroker.wire.amqp import frames, methods
from minibroker.wire.amqp.running import Running
from tests.wire.amqp.raw import connected, opened

Asked = tuple[Any, ...]


def declare(
    queue: str = "q", *, passive: bool = False, durable: bool = True, exclusive: bool = False,
    auto_delete: bool = False, **arguments: object,
) -> Asked:  # fmt: skip
    """queue.declare; `x_max_length` is the argument x-max-length."""
    table = {name.replace("_", "-"): value for name, value in arguments.items()}
    return Queue.Declare, 0, queue, passive, durable, exclusive, auto_delete, False, table


def exchange(name: str, kind: str = "direct", *, passive: bool = False) -> Asked:
    """exchange.declare"""
    return Exchange.Declare, 0, name, kind, passive, True, False, False, False, {}


def consume(queue: str = "q", tag: str = "t", *, exclusive: bool = False, **more: object) -> Asked:
    """basic.consume"""
    return Basic.Consume, 0, queue, tag, False, False, exclusive, False, more


CHANNEL_ERRORS: list[tuple[str, list[Asked], int, str]] = [
    ("a queue that is not there", [declare("none", passive=True)], 404,
     "NOT_FOUND - no queue 'none' in vhost '/'"),
    ("an exchange that is not there", [exchange("none", passive=True)], 404,
     "NOT_FOUND - no exchange 'none' in vhost '/'"),
    ("the last queue, and there is none", [(Queue.Purge, 0, "", False)], 404,
     "NOT_FOUND - no previously declared queue"),
    ("a reserved name", [declare("amq.mine")], 403,
     "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"),
    ("a system exchange deleted", [(Exchange.Delete, 0, "amq.direct", False, False)], 403,
     "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed"),
    ("the default exchange bound", [declare(), (Queue.Bind, 0, "q", "", "k", False, {})], 403,
     "ACCESS_REFUSED - operation not permitted on the default exchange"),
    ("a queue declared otherwise", [declare(), declare(x_max_length=3)], 406,
     "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received "
     "the value '3' of type 'signedint' but current is none"),
    ("a bad argument", [declare(x_max_length=-1)], 406,
     "PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'q' in vhost '/': "
     "{value_negative,-1}"),
    ("a quorum queue that is not durable", [declare(exclusive=True, x_queue_type="quorum")], 406,
     "PRECONDITION_FAILED - invalid property 'exclusive-owner' for queue 'q' in vhost '/'"),
    ("an unknown type of exchange", [exchange("e", "x-strange")], 406,
     "PRECONDITION_FAILED - unknown exchange type 'x-strange'"),
    ("a queue in use", [declare(), consume(), (Queue.Delete, 0, "q", True, False, False)], 406,
     "PRECONDITION_FAILED - queue 'q' in vhost '/' in use"),
    ("an unknown delivery tag", [(Basic.Ack, 9, False)], 406,
     "PRECONDITION_FAILED - unknown delivery tag 9"),
    ("a nack of what is not there", [(Basic.Nack, 3, False, True)], 406,
     "PRECONDITION_FAILED - unknown delivery tag 3"),
    ("an exclusive subscription beside another",
     [declare(), consume(), consume(tag="other", exclusive=True)], 403,
     "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"),
    ("a bad priority", [declare(), consume(**{"x-priority": "high"})], 406,
     "PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': "
     '"expected integer, got longstr"'),
    ("a commit of no transaction", [(Tx.Commit,)], 406,
     "PRECONDITION_FAILED - channel is not transactional"),
    ("a rollback of no transaction", [(Tx.Rollback,)], 406,
     "PRECONDITION_FAILED - channel is not transactional"),
    ("confirms in a transaction", [(Tx.Select,), (Confirm.Select, False)], 406,
     "PRECONDITION_FAILED - cannot switch from tx to confirm mode"),
    ("a transaction with confirms", [(Confirm.Select, False), (Tx.Select,)], 406,
     "PRECONDITION_FAILED - cannot switch from confirm to tx mode"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [each[1:] for each in CHANNEL_ERRORS],
    ids=[each[0] for each in CHANNEL_ERRORS],
)
def test_a_mistake_closes_its_channel(
    rabbit: Running, asked: list[Asked], code: int, text: str
) -> None:
    with opened(rabbit) as raw:
        for kind, *values in asked[:-1]:
            raw.ask(1, kind, *values)
        last, *values = asked[-1]
        closed = raw.ask(1, last, *values)
        assert isinstance(closed, Channel.Close)
        assert (closed.reply_code, closed.reply_text) == (code, text[:255])
        assert (closed.class_id, closed.method_id) == methods.index(last)
        raw.send(1, *declare("ignored"))  # sent before the client knew
        raw.send(1, Channel.CloseOk)
        raw.channel(1)  # its number is free again
        assert isinstance(raw.ask(1, *declare("q2")), Queue.DeclareOk)
        assert raw.ask(1, *declare("ignored", passive=True)).reply_code == 404


PUBLISH = methods.written(Basic.Publish, 0, "", "q", False, False)

CONNECTION_ERRORS: list[tuple[str, list[tuple[int, int, bytes]], int, str]] = [
    ("a channel that is not open", [(1, 7, PUBLISH)], 504,
     "CHANNEL_ERROR - expected 'channel.open'"),
    ("a channel that is open", [(1, 1, methods.written(Channel.Open, ""))], 504,
     "CHANNEL_ERROR - second 'channel.open' seen"),
    ("content without a method", [(3, 1, b"body")], 505,
     "UNEXPECTED_FRAME - expected method frame, got non method frame instead"),
    ("a body without its header", [(1, 1, PUBLISH), (3, 1, b"body")], 505,
     "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame "
     "instead"),
    ("a method within a message",
     [(1, 1, PUBLISH), (2, 1, b"\0\x3c\0\0" + b"\0" * 7 + b"\x05\0\0"), (1, 1, PUBLISH)], 505,
     "UNEXPECTED_FRAME - expected content body, got non content body frame instead"),
    ("a method on the connection's channel", [(1, 0, PUBLISH)], 504,
     "CHANNEL_ERROR - unexpected method in connection state running"),
    ("a method of the server's", [(1, 1, methods.written(Queue.BindOk))], 503,
     "COMMAND_INVALID - unimplemented method"),
    ("a frame of no known type", [(9, 0, b"?")], 501,
     "FRAME_ERROR - type 9, all octets = <<63>>: unknown_frame"),
    ("a heartbeat on a channel", [(8, 1, b"")], 505,
     "UNEXPECTED_FRAME - type 8, all octets = <<>>"),
    ("immediate", [(1, 1, methods.written(Basic.Publish, 0, "", "q", False, True)),
                   (2, 1, b"\0\x3c\0\0" + b"\0" * 10)], 540,
     "NOT_IMPLEMENTED - immediate=true"),
    ("what is not built yet", [(1, 1, methods.written(*declare(x_consumer_timeout=1_000)))], 540,
     "NOT_IMPLEMENTED - x-consumer-timeout of a queue is not served here"),
    ("a prefetch size", [(1, 1, methods.written(Basic.Qos, 1024, 0, False))], 540,
     "NOT_IMPLEMENTED - prefetch_size!=0 (1024)"),
    ("recover without requeue", [(1, 1, methods.written(Basic.Recover, False))], 540,
     "NOT_IMPLEMENTED - requeue=false"),
    ("flow turned off", [(1, 1, methods.written(Channel.Flow, False))], 540,
     "NOT_IMPLEMENTED - active=false"),
    ("a consumer tag used twice",
     [(1, 1, methods.written(*declare())), (1, 1, methods.written(*consume())),
      (1, 1, methods.written(*consume()))], 530,
     "NOT_ALLOWED - attempt to reuse consumer tag 't'"),
    ("a transient queue for everybody", [(1, 1, methods.written(*declare(durable=False)))], 541,
     "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\n"
     "By default, this feature is not permitted anymore."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "code", "text"),
    [each[1:] for each in CONNECTION_ERRORS],
    ids=[each[0] for each in CONNECTION_ERRORS],
)
def test_a_worse_mistake_closes_its_connection_and_no_other(
    rabbit: Running,
    caplog: pytest.LogCaptureFixture,
    sent: list[tuple[int, int, bytes]],
    code: int,
    text: str,
) -> None:
    with caplog.at_level(logging.WARNING), opened(rabbit) as other, opened(rabbit) as raw:
        for frame in sent:
            raw.frame(*frame)
        while not isinstance(closed := raw.method(), Connection.Close):
            assert closed is not None, "the connection was closed without a word"
        assert (closed.reply_code, closed.reply_text) == (code, text)
        raw.send(0, Connection.CloseOk)
        assert raw.is_closed()
        assert isinstance(other.ask(1, *declare("fine")), Queue.DeclareOk)
    assert len([each for each in caplog.records if "closing the connection" in each.message]) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0\x32\0",
        b"\0\x63\0\x0a",  # no class 99
        methods.written(*declare())[:-3],
        methods.written(*declare(x_max_length=3)).replace(b"I\0\0\0", b"?\0\0\0"),
        methods.written(Queue.Purge, 0, "q", False).replace(b"\x01q", b"\x01\xff"),
    ],
    ids=["empty", "short", "unknown", "cut", "table", "no utf-8"],
)
def test_a_method_that_cannot_be_read_closes_its_connection(
    rabbit: Running, payload: bytes
) -> None:
    with opened(rabbit) as raw:
        raw.frame(1, 1, payload)
        closed = raw.method()
        assert isinstance(closed, Connection.Close)
        assert closed.reply_code in (502, 503)


def test_a_frame_that_does_not_end_as_it_must_closes_its_connection(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        raw.socket.sendall(b"\x01\0\1\0\0\0\4ABCD\0")
        closed = raw.method()
        assert closed.reply_code == 501
        assert closed.reply_text == (
            "FRAME_ERROR - type 1, all octets = <<65,66,67,68>>: {invalid_frame_end_marker,0}"
        )
        assert raw.is_closed()


def test_nothing_is_read_after_a_mistake(rabbit: Running) -> None:
    with opened(rabbit) as raw, opened(rabbit) as other:
        raw.frame(9, 0, b"")
        assert raw.method().reply_code == 501
        raw.send(1, *declare("late"))
        raw.send(0, Connection.CloseOk)
        assert raw.is_closed()
        assert other.ask(1, *declare("late", passive=True)).reply_code == 404


def test_a_message_that_is_too_large_closes_its_channel(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        raw.ask(1, *declare())
        size = 16 * 1024 * 1024 + 1
        raw.frame(1, 1, PUBLISH)
        raw.frame(2, 1, b"\0\x3c\0\0" + size.to_bytes(8, "big") + b"\0\0")
        for at in range(0, size, 131_064):
            raw.frame(3, 1, bytes(min(131_064, size - at)))
        closed = raw.method()
        assert closed.reply_text == (
            f"PRECONDITION_FAILED - message size {size} is larger than configured max size "
            f"{size - 1}"
        )


def test_a_message_in_the_name_of_somebody_else_is_refused(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        raw.frame(1, 1, PUBLISH)
        raw.frame(2, 1, b"\0\x3c\0\0" + bytes(8) + b"\0\x10\x04root")
        assert raw.method().reply_text == (
            "PRECONDITION_FAILED - user_id property set to 'root' but authenticated user was "
            "'guest'"
        )


def test_the_exclusive_queue_of_another_connection_is_locked(rabbit: Running) -> None:
    with opened(rabbit) as raw, opened(rabbit) as other:
        raw.ask(1, *declare("mine", exclusive=True))
        closed = other.ask(1, *consume("mine"))
        assert closed.reply_code == 405
        assert closed.reply_text.startswith(
            "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine' in vhost '/'."
        )


def test_a_client_that_closes_in_the_middle_of_anything_harms_nobody(rabbit: Running) -> None:
    with opened(rabbit) as other:
        for sent in (b"", b"AM", b"AMQP\0\0\x09\x01", b"AMQP\0\0\x09\x01\x01\0\0\0\0\x01\0abc"):
            with connected(rabbit) as raw:
                raw.socket.sendall(sent)
        with opened(rabbit) as raw:
            raw.frame(1, 1, PUBLISH)
            raw.socket.sendall(frames.frame(2, 1, b"\0\x3c\0\0" + bytes(10))[:9])
        assert isinstance(other.ask(1, *declare("fine")), commands.Queue.DeclareOk)


def test_an_answer_that_was_not_asked_for_is_not_sent(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        raw.send(1, Queue.Declare, 0, "q", False, True, False, False, True, {})
        raw.send(1, Queue.Bind, 0, "q", "amq.direct", "k", True, {})
        raw.send(1, Basic.Consume, 0, "q", "t", False, False, False, True, {})
        raw.send(1, Basic.Cancel, "t", True)
        raw.send(1, Queue.Purge, 0, "q", True)
        raw.send(1, Queue.Delete, 0, "q", False, False, True)
        assert isinstance(raw.ask(1, Tx.Select), Tx.SelectOk)


def test_who_deletes_a_queue_has_the_answer_before_the_notice(rabbit: Running) -> None:
    with opened(rabbit) as raw:
        raw.ask(1, *declare())
        raw.ask(1, *consume())
        assert isinstance(raw.ask(1, Queue.Delete, 0, "q", False, False, False), Queue.DeleteOk)
        notice = raw.method()
        assert isinstance(notice, Basic.Cancel)
        assert (notice.consumer_tag, notice.nowait) == ("t", True)
