"""The brokers that are compared, each a process that is started, waited for and ended here."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

JARS = "ACKADEMY_KAFKA_JARS"
"""The variable that names a directory with the jars of a Kafka server."""


@contextmanager
def minibroker() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Ours, in memory."""
    port = free_port()
    command = [sys.executable, "-m", "minibroker", "--kafka", str(port)]
    with running(command) as process:
        yield process, f"127.0.0.1:{port}"


@contextmanager
def kafka(jars: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Apache Kafka in KRaft mode, one node, as its quickstart sets it up."""
    port, controller = free_port(), free_port()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Path(scratch, "server.properties")
        settings.write_text(
            "process.roles=broker,controller\nnode.id=1\n"
            f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
            f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n"
            "controller.listener.names=CONTROLLER\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
            f"log.dirs={scratch}/data\n"
            "offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n"
            "transaction.state.log.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n"
        )
        java = ["java", "-Xmx1G", "-cp", f"{jars}/*"]
        subprocess.run(
            [
                *java,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                uuid.uuid4().hex[:22],
                "-c",
                settings,
            ],
            check=True,
            capture_output=True,
        )
        with running([*java, "kafka.Kafka", str(settings)]) as process:
            yield process, f"127.0.0.1:{port}"


def jars() -> Path | None:
    """Where Kafka's jars are, if there is a Java to run them with."""
    found = os.environ.get(JARS)
    return Path(found) if found and shutil.which("java") else None


@contextmanager
def mock() -> Iterator[str]:
    """librdkafka's mock cluster, which lives in the client that asks for it: in a process of its
    own, which tells its address."""
    code = (
        "import sys, time\nfrom confluent_kafka import Producer\n"
        "config = {'test.mock.num.brokers': 1, 'bootstrap.servers': 'x', 'log_level': 0}\n"
        "producer = Producer(config)\n"
        "print(list(producer.list_topics(timeout=10).brokers.values())[0], flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split("/")[0].strip()
    finally:
        process.communicate("")


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the end of the ``with``; `options` are those of Popen."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    """A port that nobody has just now."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens there."""
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), 1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise SystemExit(f"nobody listens on {address}: {process.args!r}")


def memory(process: subprocess.Popen[bytes]) -> float:
    """What a process has in memory, in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [each for each in status.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
