"""The brokers controlled over HTTP, by a client that knows nothing of Python's side of them."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from confluent_kafka import Producer

from minibroker.sim.trace import Trace
from minibroker.wire.control import LARGEST, start_control
from minibroker.wire.kafka.running import Running, start

PATIENCE = 8.0


@contextmanager
def controlled(running: Running) -> Iterator[int]:
    """The port at which this server is controlled."""
    listener = running._wait(start_control({"kafka": running.server}, "127.0.0.1", 0))
    port: int = listener.sockets[0].getsockname()[1]
    yield port
    running.ask(lambda server: listener.close())


@pytest.fixture
def kafka() -> Iterator[Running]:
    with start(3, trace=Trace()) as running:
        yield running


@pytest.fixture
def port(kafka: Running) -> Iterator[int]:
    with controlled(kafka) as port:
        yield port


def ask(
    port: int, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        client.request(method, path, None if body is None else sent, headers)
        answer = client.getresponse()
        return answer.status, answer.read()


def raw(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return answer


def runs(port: int) -> list[bool]:
    status, answer = ask(port, "GET", "/brokers")
    assert status == 200
    return [each["runs"] for each in json.loads(answer)]


def produce(kafka: Running, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    producer.produce("orders", value)
    assert producer.flush(PATIENCE) == 0


def test_the_brokers_are_listed(kafka: Running, port: int) -> None:
    status, answer = ask(port, "GET", "/brokers")
    brokers = json.loads(answer)
    assert status == 200
    assert ",".join(f"{b['host']}:{b['port']}" for b in brokers) == kafka.bootstrap_servers
    assert [(each["broker"], each["runs"]) for each in brokers] == [(n, True) for n in (1, 2, 3)]


def test_a_broker_is_stopped_and_started(kafka: Running, port: int) -> None:
    status, answer = ask(port, "POST", "/brokers/2/stop")
    assert status == 200
    assert [each["runs"] for each in json.loads(answer)] == [True, False, True]
    assert kafka.ask(lambda server: server.cluster.brokers()) == [1, 3]
    assert ask(port, "POST", "/brokers/2/stop")[0] == 200
    assert ask(port, "POST", "/brokers/2/start")[0] == 200
    assert runs(port) == [True] * 3
    assert kafka.ask(lambda server: server.cluster.brokers()) == [1, 2, 3]


def test_a_fault_goes_wrong_as_often_as_it_was_asked_for(kafka: Running, port: int) -> None:
    fault = {"request": "produce", "close": True, "times": 1}
    assert ask(port, "POST", "/faults", fault) == (200, b"{}\n")
    produce(kafka, b"1")
    assert kafka.ask(lambda server: server.cluster.offset_for("orders", 0, -1)[0]) == 2


def test_faults_are_deleted(kafka: Running, port: int) -> None:
    ask(port, "POST", "/faults", {"request": "produce", "delay": 0.5, "times": 9})
    assert kafka.ask(lambda server: bool(server.faults))
    assert ask(port, "DELETE", "/faults") == (200, b"{}\n")
    assert not kafka.ask(lambda server: bool(server.faults))


def test_the_trace_is_lines_of_json(kafka: Running, port: int) -> None:
    produce(kafka, b"1")
    status, answer = ask(port, "GET", "/trace")
    assert status == 200
    assert answer.decode() == kafka.ask(lambda server: server.trace.text())
    assert "Appended" in [json.loads(line)["event"] for line in answer.splitlines()]


def test_a_server_without_a_trace_says_so() -> None:
    with start() as kafka, controlled(kafka) as port:
        status, answer = ask(port, "GET", "/trace")
    assert status == 404
    assert "keeps no trace" in json.loads(answer)["error"]


WRONG: list[tuple[int, str, str, Any, str]] = [
    (404, "GET", "/", None, "nothing here"),
    (404, "GET", "/brokers/2", None, "nothing here"),
    (404, "POST", "/brokers/9/stop", None, "no broker of that number; there are 1, 2, 3"),
    (404, "POST", "/brokers/-1/stop", None, "no broker"),
    (404, "POST", "/brokers/two/start", None, "no broker"),
    (404, "GET", "/nodes", None, "RabbitMQ's side does not run here"),
    (404, "POST", "/nodes/2/stop", None, "RabbitMQ's side does not run here"),
    (405, "GET", "/nodes/2/stop", None, "takes POST only"),
    (405, "GET", "/brokers/2/stop", None, "takes POST only"),
    (405, "DELETE", "/brokers", None, "takes GET only"),
    (405, "GET", "/faults", None, "takes POST only"),
    (405, "POST", "/trace", None, "takes GET only"),
    (400, "POST", "/faults", None, "a JSON object"),
    (400, "POST", "/faults", b"{", "a JSON object"),
    (400, "POST", "/faults", b"\xff\xfe", "a JSON object"),
    (400, "POST", "/faults", b"[" * 60000, "a JSON object"),
    (400, "POST", "/faults", [1], "a JSON object"),
    (400, "POST", "/faults", {}, "say which request"),
    (400, "POST", "/faults", {"request": "prodice", "close": True}, "no request 'prodice'"),
    (400, "POST", "/faults", {"request": "produce"}, "does nothing"),
    (400, "POST", "/faults", {"request": "produce", "error": "OOPS"}, "no error 'OOPS'"),
    (400, "POST", "/faults", {"request": "produce", "oops": 1}, "has no 'oops'"),
    (400, "POST", "/faults", {"request": ["produce"], "close": True}, "request is to be str"),
    (400, "POST", "/faults", {"request": "produce", "close": 1}, "close is to be bool"),
    (400, "POST", "/faults", {"request": "produce", "close": True, "times": True}, "to be int"),
    (400, "POST", "/faults", {"request": "produce", "close": True, "times": 0}, "1 or more"),
    (400, "POST", "/faults", {"request": "produce", "close": True, "skip": -1}, "0 or more"),
    (400, "POST", "/faults", {"request": "produce", "delay": -1}, "from 0 to"),
    (400, "POST", "/faults", {"request": "produce", "delay": float("nan")}, "from 0 to"),
    (400, "POST", "/faults", {"request": "produce", "delay": 10**30}, "from 0 to"),
    (413, "POST", "/faults", b" " * (LARGEST + 1), "is not taken"),
]


def test_what_is_wrong_is_answered_with_a_sentence(kafka: Running, port: int) -> None:
    for status, method, path, body, words in WRONG:
        found, answer = ask(port, method, path, body)
        assert (found, path) == (status, path)
        assert words in json.loads(answer)["error"]
    assert not kafka.ask(lambda server: bool(server.faults))
    assert runs(port) == [True] * 3


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /brokers HTTP/2\r\n" + HOST + b"\r\n", b"400"),
        (b"GET brokers HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
        (b"GET /brokers HTTP/1.1\r\n" + HOST + b"oops\r\n\r\n", b"400"),
        (b"POST /faults HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", b"400"),
        (b"POST /faults HTTP/1.1\r\n" + HOST + b"Content-Length: 1_0\r\n\r\n", b"400"),
        (b"POST /faults HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 6000, b""),
        (b"POST /faults HTTP/1.1\r\n" + HOST + b"Content-Length: 9999999\r\n\r\n", b"413"),
        (b"POST /faults HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\n{}", b""),
        (b"POST /faults HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET /" + b"x" * LARGEST * 2, b"413"),
        (b"\x00\xff\x80" * 100, b""),
        (b"", b""),
    ],
)
def test_what_is_no_request_is_no_harm(port: int, data: bytes, status: bytes) -> None:
    assert raw(port, data)[9:12] == status
    assert runs(port) == [True] * 3


def test_a_web_page_is_not_answered(port: int) -> None:
    fault = {"request": "produce", "close": True}
    assert ask(port, "POST", "/faults", fault, Origin="http://localhost:8888")[0] == 403
    assert ask(port, "GET", "/trace", Host=f"rebound.example:{port}")[0] == 403
    assert ask(port, "GET", "/brokers", Host="[::1]:80")[0] == 200
    assert ask(port, "GET", "/brokers", Host="localhost")[0] == 200
    assert raw(port, b"GET /brokers HTTP/1.1\r\n\r\n")[9:12] == b"403"


def test_it_does_not_listen_where_others_are(kafka: Running) -> None:
    for host in ("0.0.0.0", "::", "", "example.org"):
        with pytest.raises(ValueError, match=r"take 127\.0\.0\.1"):
            kafka._wait(start_control({"kafka": kafka.server}, host, 0))


def test_a_request_that_does_not_come_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minibroker.wire.control.PATIENCE", 0.1)
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(b"GET /brokers")
        assert client.recv(1) == b""


def test_a_broker_whose_port_was_taken_is_a_sentence(kafka: Running, port: int) -> None:
    ask(port, "POST", "/brokers/2/stop")
    address = kafka.ask(lambda server: (server.brokers[2].host, server.brokers[2].port))
    with socket.create_server(address):
        status, answer = ask(port, "POST", "/brokers/2/start")
        assert status == 409
        assert "cannot be started" in json.loads(answer)["error"]
    assert ask(port, "POST", "/brokers/2/start")[0] == 200
