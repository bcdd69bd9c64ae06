"""Celery with its broker and its results over the wire; workers are processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from celery import Celery

from minibroker.wire.amqp.running import Running
from minibroker.wire.amqp.server import AmqpServer
from tests.wire.waiting import PATIENCE, soon

TASKS = """
import os, time
from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"], backend="rpc://")
app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)

@app.task
def add(one, other):
    return one + other

@app.task(bind=True, max_retries=3)
def flaky(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    return self.request.retries

def begun(task, path):
    with open(path, "a") as file:
        file.write("begun\\n")
    if not task.request.delivery_info["redelivered"]:
        worker = os.getppid()
        while os.getppid() == worker:  # until that is killed
            time.sleep(0.05)
    return "done the second time"

@app.task(bind=True, acks_late=True)
def acks_late(self, path):
    return begun(self, path)

@app.task(bind=True)
def acks_early(self, path):
    return begun(self, path)
"""

BARE = ("--without-mingle", "--without-gossip", "--without-heartbeat")
"""A worker that begins a second earlier."""


@contextmanager
def worker(rabbit: Running, where: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is killed at the end."""
    (where / "tasks.py").write_text(TASKS)
    path = os.pathsep.join([str(where), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = ["-m", "celery", "-A", "tasks", "worker", "--concurrency", "1", "--loglevel", "ERROR"]
    child = subprocess.Popen(
        [sys.executable, *words, *options],
        cwd=where,
        env=os.environ | {"BROKER": rabbit.url, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        _kill(child)


def _kill(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.kill(child.pid, signal.SIGKILL)
    child.wait(PATIENCE)


@pytest.fixture
def app(rabbit: Running) -> Iterator[Celery]:
    """Who sends the tasks."""
    made = Celery("sender", broker=rabbit.url, backend="rpc://", set_as_current=False)
    yield made
    with suppress(AttributeError):  # it has no connection of its own until a result is asked for
        made.backend.result_consumer.stop()
    made.close()


def test_a_worker_answers_and_tries_again(rabbit: Running, app: Celery, tmp_path: Path) -> None:
    with worker(rabbit, tmp_path):
        assert app.send_task("tasks.add", (1, 2)).get(timeout=PATIENCE) == 3
        assert app.send_task("tasks.flaky").get(timeout=PATIENCE) == 2
        numbers = [app.send_task("tasks.add", (number, number)) for number in range(20)]
        assert [each.get(timeout=PATIENCE) for each in numbers] == list(range(0, 40, 2))


def test_a_task_that_is_acked_late_outlives_its_worker(
    rabbit: Running, app: Celery, tmp_path: Path
) -> None:
    path = tmp_path / "begun"
    with worker(rabbit, tmp_path, *BARE) as first:
        result = app.send_task("tasks.acks_late", (str(path),))
        soon(path.exists)
        _kill(first)
    with worker(rabbit, tmp_path, *BARE):
        assert result.get(timeout=PATIENCE) == "done the second time"
    assert path.read_text() == "begun\n" * 2


def test_a_task_that_is_acked_early_is_lost_with_its_worker(
    rabbit: Running, app: Celery, tmp_path: Path
) -> None:
    path = tmp_path / "begun"
    with worker(rabbit, tmp_path, *BARE) as first:
        app.send_task("tasks.acks_early", (str(path),))
        soon(path.exists)
        soon(lambda: rabbit.ask(unacked) == 0)
        _kill(first)
    soon(lambda: not rabbit.ask(lambda server: len(server.broker.queue("celery").consumers)))
    assert rabbit.ask(lambda server: len(server.broker.queue("celery"))) == 0


def unacked(server: AmqpServer) -> int:
    """How many messages anybody holds."""
    channels = [each for connection in server.connections for each in connection.channels.values()]
    return sum(len(each.engine.unacked) for each in channels)
