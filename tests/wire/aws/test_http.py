"""What the server answers to those who speak HTTP badly, or not at all."""

import json
import random
import socket
import threading

import pytest

from minibroker.wire.aws.running import Running

SIGNED = b"Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request\r\n"


def ask(aws: Running, data: bytes) -> bytes:
    """All that the server says before it closes, or the first whole answer."""
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=60) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while piece := connection.recv(65_536):
            said += piece
        return said


def request(action: bytes, body: bytes, more: bytes = SIGNED) -> bytes:
    return (
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS." + action + b"\r\n" + more
        + b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/2\r\n\r\n", b"505"),
        (b"POST / HTTP/1.1\r\nNo colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nX: " + b"a" * 70_000, b"431"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (request(b"ListQueues", b"{}", more=b""), b"403"),
        (request(b"ListQueues", b"{}", more=b"Authorization: Basic eDp5\r\n"), b"403"),
        (request(b"NoSuchThing", b"{}"), b"400"),
        (request(b"ListQueues", b"{"), b"400"),
        (request(b"ListQueues", b"[" * 100_000), b"400"),
        (request(b"ListQueues", b'{"MaxResults": "x"}'), b"400"),
        (request(b"CreateQueue", b'{"QueueName": ["x"]}'), b"400"),
        (request(b"ListQueues", b"{}"), b"200"),
    ],
)
def test_every_request_gets_a_status(aws, data, status):
    assert ask(aws, data).split(b" ")[:2] == [b"HTTP/1.1", status]
    assert b" 200 " in ask(aws, request(b"ListQueues", b"{}"))


def test_requests_in_a_row_are_answered_in_a_row_on_one_connection(aws):
    create = request(b"CreateQueue", b'{"QueueName": "orders"}')
    said = ask(aws, create + request(b"ListQueues", b"{}") * 2)
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said.count(b"QueueUrls") == 2


def test_a_request_may_come_in_pieces(aws):
    whole = request(b"CreateQueue", b'{"QueueName": "orders"}')
    with socket.create_connection(("127.0.0.1", aws.server.port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(whole)):
            connection.sendall(whole[number : number + 1])
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_nothing_is_reset_unless_the_server_was_started_for_it(aws):
    assert ask(aws, b"POST /moto-api/reset HTTP/1.1\r\nContent-Length: 0\r\n\r\n").startswith(
        b"HTTP/1.1 404"
    )


def test_the_thread_of_the_server_ends_with_it(aws):
    names = [thread.name for thread in threading.enumerate()]
    assert "minibroker-aws" in names
    aws.close()
    aws.close()
    assert "minibroker-aws" not in [
        thread.name for thread in threading.enumerate() if thread is aws._thread
    ]


@pytest.mark.parametrize("seed", range(4))
def test_a_server_that_was_sent_rubbish_serves_the_next_client(aws, seed, caplog):
    chance = random.Random(seed)
    body = json.dumps({"QueueName": "orders", "Attributes": {"DelaySeconds": "1"}}).encode()
    form = b"Action=CreateTopic&Version=2010-03-31&Name=x&Tags.member.1.Key=a&Tags.member.1.Value=b"
    good = [
        request(b"CreateQueue", body),
        b"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" + SIGNED
        + b"Content-Length: " + str(len(form)).encode() + b"\r\n\r\n" + form,
    ]  # fmt: skip
    for _ in range(60):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 20)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randint(1, 20))
                case _:
                    data[at:at] = data[at : at + 30]
            if not data:
                break
        ask(aws, bytes(data))
    assert b" 200 " in ask(aws, request(b"ListQueues", b"{}"))
    assert not [record for record in caplog.records if record.exc_info], "a defect of ours"
