"""``python -m minibroker``, as somebody starts it in a terminal."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from bench.kafka_brokers import free_port


@contextmanager
def command(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The process, which is ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "minibroker", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    """What it says when it is ready."""
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_when_it_is_asked_to(number: signal.Signals) -> None:
    port = free_port()
    with command("--kafka", str(port)) as process:
        line = first_line(process)
        assert line == (
            f"Kafka on 127.0.0.1:{port}; everything is in memory only. Ctrl+C ends it.\n"
        )
        process.send_signal(number)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (0, "", "")


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with command("--kafka", str(port)) as process:
            _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert error.startswith(f"minibroker: cannot listen on 127.0.0.1, port {port}: ")
    assert error.count("\n") == 1


def test_a_directory_that_another_has_is_told_in_a_sentence(tmp_path: Path) -> None:
    with command("--kafka", "0", "--data", str(tmp_path)) as first:
        assert f"everything is kept in {tmp_path}" in first_line(first)
        with command("--kafka", "0", "--data", str(tmp_path)) as second:
            _, error = second.communicate(timeout=20)
    assert second.returncode == 1
    assert f"in use by process {first.pid}" in error
    assert error.count("\n") == 1


def test_who_listens_to_others_is_told_so() -> None:
    with command("--kafka", "0", "--host", "0.0.0.0") as process:
        first_line(process)
        assert first_line(process) == "Anyone who reaches 0.0.0.0 can read and change everything.\n"


def test_brokers_are_stopped_and_requests_fail_from_outside() -> None:
    control = free_port()
    with command("--kafka", "0", "--brokers", "2", "--control", str(control)) as process:
        address = first_line(process).split()[2].rstrip(";")
        assert first_line(process) == f"Control on http://127.0.0.1:{control}\n"
        fault = {"request": "produce", "error": "MESSAGE_TOO_LARGE"}
        asked(control, "POST", "/faults", fault)
        reports = []
        producer = Producer({"bootstrap.servers": address, "log_level": 0})
        producer.produce("orders", b"1", on_delivery=lambda error, _: reports.append(error))
        producer.flush(10)
        assert [error.name() for error in reports] == ["MSG_SIZE_TOO_LARGE"]
        asked(control, "POST", "/brokers/2/stop")
        assert [each["runs"] for each in asked(control, "GET", "/brokers")] == [True, False]


def asked(port: int, method: str, path: str, body: object = None) -> Any:
    """What the control answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
        return json.loads(text) if text else None
