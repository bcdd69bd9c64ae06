"""What pika gets out of our AMQP server; beside RabbitMQ where its server is installed."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bench.amqp_clients import MESSAGES
from bench.figures import row
from bench.kafka_brokers import free_port, running, wait_for

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Where Debian's package has it."""

PATIENCE = 120.0
"""Seconds for one client's process."""

Started = Callable[[], AbstractContextManager[tuple["subprocess.Popen[bytes]", int]]]


def main(rounds: int) -> None:
    """Both in one run, so that they meet the same machine."""
    systems: list[tuple[str, Started]] = [("minibroker", minibroker)]
    if SERVER.exists():
        systems.append(("RabbitMQ", rabbitmq))
    else:
        print("no RabbitMQ: install the package rabbitmq-server to see it here too")
    for name, started in systems:
        print(f"\n{name}")
        print(row("process start to first confirmed message", starts(started, rounds), "s"))
        with started() as (process, port):
            ready(process, port)
            for what in MESSAGES:
                verb = "consume + ack, " if what.startswith("prefetch") else "pika "
                print(row(f"{verb}{what}", [run(what, port) for _ in range(rounds)], "/s"))


def starts(started: Started, rounds: int) -> list[float]:
    """Seconds until a message is confirmed."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        with started() as (process, port):
            ready(process, port)
            taken.append(time.perf_counter() - began)
    return taken


def ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Until it confirms a message: RabbitMQ listens a while before it works."""
    wait_for(f"127.0.0.1:{port}", process)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            run("first", port)
            return
        except subprocess.CalledProcessError:
            if time.monotonic() > deadline:
                raise


def run(what: str, port: int) -> float:
    """The figure of one client's process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.amqp_clients", what, str(port)],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    rate: float = json.loads(done.stdout)["rate"]
    return rate


@contextmanager
def minibroker() -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Ours, in memory."""
    port = free_port()
    with running([sys.executable, "-m", "minibroker", "--amqp", str(port)]) as process:
        yield process, port


@contextmanager
def rabbitmq(settings: str = "") -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """RabbitMQ on ports of its own, its data in a directory of its own, with its own epmd;
    `settings` are lines of its ``rabbitmq.conf``."""
    port, distribution, mapper = free_port(), free_port(), free_port()
    scratch = Path(tempfile.mkdtemp())
    try:
        (scratch / "rabbitmq.conf").write_text(settings)
        (scratch / "plugins").write_text("[].")
        environment = {
            **os.environ,
            "HOME": str(scratch),
            "RABBITMQ_NODENAME": f"bench{port}@localhost",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(scratch / "mnesia"),
            "RABBITMQ_LOG_BASE": str(scratch / "log"),
            "RABBITMQ_PID_FILE": str(scratch / "pid"),
            "RABBITMQ_CONFIG_FILE": str(scratch / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(scratch / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }
        user = {}
        if os.geteuid() == 0:  # it would rather not be root
            account = pwd.getpwnam("rabbitmq")
            for each in (scratch, *scratch.iterdir()):
                os.chown(each, account.pw_uid, account.pw_gid)
            user = {"user": account.pw_uid, "group": account.pw_gid}
        epmd = shutil.which("epmd") or "epmd"
        mapping = subprocess.Popen([epmd], env=environment, **user)  # type: ignore[call-overload]
        try:
            with running([str(SERVER)], env=environment, cwd=scratch, **user) as process:
                yield process, port
        finally:
            mapping.terminate()
            mapping.wait(60)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
