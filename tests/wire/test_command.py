"""``python -m minibroker``, as somebody starts it in a terminal."""

import json
import random
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pika
import pytest
import redis
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
        assert line == f"Kafka on 127.0.0.1:{port}; everything is in memory only.\n"
        assert first_line(process) == "Ctrl+C ends it.\n"
        process.send_signal(number)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (0, "", "")


def test_rabbitmq_runs_beside_kafka_and_keeps_its_queues_in_the_same_directory(
    tmp_path: Path,
) -> None:
    ports = [free_port(), free_port()]
    named = ["--kafka", str(ports[0]), "--amqp", str(ports[1]), "--data", str(tmp_path)]
    with command(*named) as process:
        kafka, rabbit, end = (first_line(process) for _ in range(3))
        assert kafka == f"Kafka on 127.0.0.1:{ports[0]}; everything is kept in {tmp_path}.\n"
        url = f"amqp://guest:guest@127.0.0.1:{ports[1]}/"
        assert rabbit == f"RabbitMQ on {url}; everything is kept in {tmp_path}.\n"
        assert end == "Ctrl+C ends it.\n"
        with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
            channel = connection.channel()
            channel.queue_declare("orders", durable=True)
            channel.confirm_delivery()
            channel.basic_publish("", "orders", b"order-1", pika.BasicProperties(delivery_mode=2))
        process.kill()
        process.wait(20)
    with command(*named) as process:
        first_line(process), first_line(process)
        with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
            assert connection.channel().basic_get("orders")[2] == b"order-1"


def test_all_are_started_when_none_is_named() -> None:
    """On their usual ports moved by an offset: the usual ones may be taken here."""
    for _ in range(5):
        offset = random.randrange(1_000, 50_000)
        with command("--port-offset", str(offset)) as process:
            lines = [first_line(process) for _ in range(5)]
            if not all(lines):
                continue  # one of them was taken after all
            kafka, rabbit, aws, redis_url, _ = (
                line.split(" on ")[-1].split(";")[0] for line in lines
            )
            producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
            producer.produce("orders", b"1")
            assert producer.flush(30) == 0
            pika.BlockingConnection(pika.URLParameters(rabbit)).close()
            sqs = boto3.client(
                "sqs", endpoint_url=aws, region_name="us-east-1",
                aws_access_key_id="x", aws_secret_access_key="x",
            )  # fmt: skip
            with closing(sqs):
                assert sqs.list_queues().get("QueueUrls") is None
            with closing(redis.Redis.from_url(redis_url)) as client:
                assert client.ping()
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=20)
            assert process.returncode == 0, error
            return
    pytest.fail("no five free ports were found")


def test_the_ports_can_be_moved_and_end_somewhere() -> None:
    with command("--port-offset", "60000") as process:
        _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert error == "minibroker: Kafka would be on port 69092; ports end at 65535\n"


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with command("--kafka", str(port)) as process:
            _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert error.startswith(f"minibroker: cannot listen on 127.0.0.1, port {port}, for Kafka: ")
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
        assert first_line(process) == "Ctrl+C ends it.\n"
        fault = {"request": "produce", "error": "MESSAGE_TOO_LARGE"}
        asked(control, "POST", "/faults", fault)
        reports = []
        producer = Producer({"bootstrap.servers": address, "log_level": 0})
        producer.produce("orders", b"1", on_delivery=lambda error, _: reports.append(error))
        producer.flush(10)
        assert [error.name() for error in reports] == ["MSG_SIZE_TOO_LARGE"]
        asked(control, "POST", "/brokers/2/stop")
        assert [each["runs"] for each in asked(control, "GET", "/brokers")] == [True, False]


def test_queues_are_looked_at_and_messages_fail_from_outside() -> None:
    control = free_port()
    with command("--amqp", "0", "--control", str(control)) as process:
        url = first_line(process).split()[2].rstrip(";")
        first_line(process)
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(control, "GET", "/brokers")
        assert "Kafka does not run here" in refused.value.read().decode()
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.queue_declare("orders", durable=True)
        for number in range(2):
            channel.basic_publish("", "orders", b"%d" % number)
        channel.basic_get("orders")
        assert asked(control, "GET", "/queues") == [
            {"queue": "orders", "ready": 1, "unacked": 1, "consumers": 0}
        ]
        asked(control, "POST", "/faults", {"wire": "amqp", "request": "basic.ack", "refuse": True})

        def ack() -> None:
            channel.basic_ack(1)
            channel.queue_declare("orders", durable=True, passive=True)

        with pytest.raises(pika.exceptions.AMQPConnectionError):
            ack()
        assert asked(control, "GET", "/queues")[0]["ready"] == 2


def test_a_node_of_rabbitmqs_is_stopped_and_started_from_outside() -> None:
    control = free_port()
    with command("--amqp", "0", "--nodes", "3", "--control", str(control)) as process:
        line = first_line(process)
        urls = line.removeprefix("RabbitMQ on ").split("; everything")[0].split(", ")
        first_line(process)
        ports = [pika.URLParameters(url).port for url in urls]
        assert [
            (each["node"], each["port"], each["runs"]) for each in asked(control, "GET", "/nodes")
        ] == [(node, port, True) for node, port in enumerate(ports, start=1)]
        with closing(pika.BlockingConnection(pika.URLParameters(urls[0]))) as connection:
            channel = connection.channel()
            channel.queue_declare("orders", durable=True, arguments={"x-queue-type": "quorum"})
            stopped = asked(control, "POST", "/nodes/2/stop")
            assert [each["runs"] for each in stopped] == [True, False, True]
            channel.confirm_delivery()
            channel.basic_publish("", "orders", b"order-1")
            assert asked(control, "GET", "/queues") == [
                {
                    "queue": "orders", "ready": 1, "unacked": 0, "consumers": 0,
                    "leader": 1, "members": [1, 2, 3], "works": True,
                }
            ]  # fmt: skip
            started = asked(control, "POST", "/nodes/2/start")
            assert [each["runs"] for each in started] == [True] * 3
        pika.BlockingConnection(pika.URLParameters(urls[1])).close()
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(control, "POST", "/nodes/4/stop")
        assert "no node of that number; there are 1, 2, 3" in refused.value.read().decode()


def test_one_node_alone_is_not_stopped_from_outside() -> None:
    control = free_port()
    with command("--amqp", "0", "--control", str(control)) as process:
        first_line(process), first_line(process)
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(control, "POST", "/nodes/1/stop")
        assert refused.value.status == 409
        assert "start more with --nodes" in refused.value.read().decode()


def test_nodes_that_cannot_be_are_told_in_a_sentence(tmp_path: Path) -> None:
    for named, sentence in (
        (("--amqp", "0", "--nodes", "0"), "there is no node to start; give --nodes 1 or more"),
        (("--amqp", "65534", "--nodes", "3"),
         "RabbitMQ would be on port 65536; ports end at 65535"),
        (("--amqp", "0", "--nodes", "3", "--data", str(tmp_path)),
         "only one node can keep its queues in a directory, not 3; leave out the directory, or the "
         "other nodes"),
    ):  # fmt: skip
        with command(*named) as process:
            _, error = process.communicate(timeout=20)
        assert (process.returncode, error) == (1, f"minibroker: {sentence}\n")


def asked(port: int, method: str, path: str, body: object = None) -> Any:
    """What the control answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
        return json.loads(text) if text else None
