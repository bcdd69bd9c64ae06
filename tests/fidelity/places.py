"""The other two places: minibroker over the wire and a real broker, with the real client libraries.

Each act is a process of its own; see `tests.fidelity.acting`.
"""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from ackademy import brokers
from ackademy.brokers.choosing import EXTERNAL
from tests.fidelity.history import History, read
from tests.fidelity.scenario import HERE, Scenario
from tests.fidelity.simulator import ActFailed

PATIENCE = 120.0
"""Seconds that one act may take."""

AT_ONCE = 3
"""Scenarios that are played beside each other: they mostly wait for sessions to end."""

OF = {
    "kafka": ("kafka", "bootstrap_servers"),
    "amqp": ("rabbitmq", "url"),
    "redis": ("redis", "url"),
    "aws": ("aws", "endpoint_url"),
}
"""What `ackademy.brokers` calls each, and where it has its address."""

_SERIAL = itertools.count(1)


def play(scenario: Scenario, place: str, addresses: Mapping[str, str]) -> History:
    """Play a scenario with the real client libraries."""
    suffix = f"-x{os.getpid()}x{time.time_ns() % 10**9}x{next(_SERIAL)}"
    said: list[str] = []
    for act in scenario.acts:
        job = {
            "module": scenario.module,
            "function": act.function,
            "takes": list(act.takes),
            "ends": act.ends,
            "suffix": suffix,
            "addresses": dict(addresses),
        }
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.fidelity.acting", json.dumps(job)],
                cwd=HERE.parent.parent,
                env=os.environ | {"PYTHONPATH": str(HERE.parent.parent), "PYTHONHASHSEED": "0"},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired as late:
            raise ActFailed(
                f"{place}: {act.function} of {scenario.title!r} did not end within {PATIENCE} s; "
                f"it printed {late.stdout!r} and {late.stderr!r}"
            ) from None
        said += done.stdout.splitlines()
        wanted = -signal.SIGKILL if act.ends == "killed" else 0
        if done.returncode != wanted:
            printed = "\n".join(said)
            raise ActFailed(
                f"{place}: {act.function} of {scenario.title!r} ended with {done.returncode}:\n"
                f"{printed}\n{done.stderr}"
            )
    return read(said, suffix)


@contextmanager
def minibroker() -> Iterator[dict[str, str]]:
    """The bundled broker in a process of its own, and its addresses."""
    ports = [part for name in OF for part in (f"--{name}", "0")]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "minibroker", *ports],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found: dict[str, str] = {}
        for line in process.stdout:
            if line.startswith("Ctrl+C"):
                break
            if told := re.match(r"(.*) on .*(127\.0\.0\.1:\d+)", line):
                found[told[1]] = told[2]
        yield {
            "kafka": found["Kafka"],
            "amqp": f"amqp://guest:guest@{found['RabbitMQ']}/%2F",
            "redis": f"redis://{found['Redis']}/0",
            "aws": f"http://{found['SQS and SNS']}",
        }
    finally:
        process.terminate()
        process.communicate(timeout=60)


@dataclass(frozen=True)
class Real:
    """A real broker's address, None if there is none; `said` is its name and version, or why it is
    not there."""

    address: str | None
    said: str


@cache
def real(broker: str, looking: bool = False) -> Real:
    """The real broker of `ackademy.brokers`: one that is named in the environment, or that runs
    already, or that ``ACKADEMY_BROKERS`` asks for. `looking` further, one in a container or of this
    machine is started if there can be one. The bundled broker is none."""
    kind, attribute = OF[broker]
    why = f"no real broker runs: see `ackademy brokers up`, or set {EXTERNAL[kind]}"
    for provider in (None, "docker", "native") if looking else (None,):
        try:
            found = brokers.broker(kind, provider)
        except brokers.NoBroker as absent:
            why = str(absent)
            continue
        if found.provider == "mini":
            continue
        if found.version.startswith("RabbitMQ 3."):
            why = f"{found.version} is too old to compare with: 4.0 or newer counts"
            continue
        address = getattr(found, attribute)
        if kind == "kafka":
            _awake(address)
        return Real(address, f"{found.version} ({found.provider})")
    return Real(None, why)


def _awake(servers: str) -> None:
    """Have a Kafka make its inner topics, of groups and of transactions: while it does, it answers
    that it is no coordinator."""
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic

    topic = brokers.fresh("awake")
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(topic, 1)])[topic].result(PATIENCE)
    producer = Producer({"bootstrap.servers": servers, "transactional.id": topic})
    producer.init_transactions(PATIENCE)
    producer.begin_transaction()
    producer.produce(topic, b"awake")
    producer.commit_transaction(PATIENCE)
    reader = Consumer({"bootstrap.servers": servers, "group.id": topic})
    reader.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    reader.close()
    admin.delete_topics([topic])[topic].result(PATIENCE)
