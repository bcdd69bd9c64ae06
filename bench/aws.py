"""What boto3 gets out of our SQS, and whether a backlog slows it; beside moto's server where it is
found."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from bench.figures import row
from bench.kafka_brokers import free_port, running, wait_for

MOTO = "ACKADEMY_MOTO_SERVER"
"""The variable that names moto's command ``moto_server``, if it is not on the PATH."""

PATIENCE = 300.0
"""Seconds for one client's process."""

BACKLOGS = (0, 1_000, 100_000)

Started = Callable[[], AbstractContextManager[tuple["subprocess.Popen[bytes]", str]]]


def main(rounds: int) -> None:
    """Both in one run, so that they meet the same machine."""
    systems: list[tuple[str, Started, tuple[int, ...]]] = [("minibroker", minibroker, BACKLOGS)]
    if moto_server() is not None:
        # A hundred thousand would take it hours to fill.
        systems.append(("moto", moto, BACKLOGS[:2]))
    else:
        print(f"no moto: install moto[server], or set {MOTO}, to see it here too")
    for name, started, backlogs in systems:
        print(f"\n{name}")
        print(row("process start to first sent message", starts(started, rounds), "s"))
        with started() as (process, endpoint):
            ready(process, endpoint)
            for backlog in backlogs:
                figures = [run("rates", endpoint, backlog) for _ in range(rounds)]
                for what in figures[0]:
                    label = f"boto3 {what}, {backlog:,} messages there"
                    print(row(label, [each[what] for each in figures], "/s"))


def starts(started: Started, rounds: int) -> list[float]:
    """Seconds until a message is sent, boto3's own start among them."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        with started() as (process, endpoint):
            ready(process, endpoint)
            taken.append(time.perf_counter() - began)
    return taken


def ready(process: "subprocess.Popen[bytes]", endpoint: str) -> None:
    """Until it has taken a message."""
    wait_for(endpoint.removeprefix("http://"), process)
    run("first", endpoint)


def run(what: str, endpoint: str, backlog: int = 0) -> dict[str, float]:
    """The figures of one client's process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.aws_clients", what, endpoint, str(backlog)],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def minibroker() -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """Ours, in memory."""
    port = free_port()
    with running([sys.executable, "-m", "minibroker", "--aws", str(port)]) as process:
        yield process, f"http://127.0.0.1:{port}"


def moto_server() -> str | None:
    """Moto's command."""
    return os.environ.get(MOTO) or shutil.which("moto_server")


@contextmanager
def moto() -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """Moto's server."""
    port = free_port()
    with running([str(moto_server()), "-H", "127.0.0.1", "-p", str(port)]) as process:
        yield process, f"http://127.0.0.1:{port}"
