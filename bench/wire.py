"""The servers that real clients talk to: how fast they start, take and give records, and in how
much memory; beside librdkafka's mock cluster, and Apache Kafka where its jars are found."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from confluent_kafka import Producer

from bench import kafka_brokers
from bench.figures import row
from bench.kafka_brokers import memory, wait_for
from bench.kafka_clients import RECORDS

PATIENCE = 120.0
"""Seconds for one client's process."""

Started = Callable[[], AbstractContextManager[tuple["subprocess.Popen[bytes]", str]]]


def main(rounds: int) -> None:
    """All that there is, in one run."""
    systems: list[tuple[str, Started]] = [("minibroker", kafka_brokers.minibroker)]
    if (jars := kafka_brokers.jars()) is not None:
        systems.append(("Apache Kafka", lambda: kafka_brokers.kafka(jars)))
    else:
        print(f"no Apache Kafka: set {kafka_brokers.JARS} to a directory of its jars")
    for name, started in systems:
        print(f"\n{name}")
        print(row("process start to first acked record", starts(started, rounds), "s"))
        with started() as (process, address):
            wait_for(address, process)
            throughput(address, rounds)
            latency(address, rounds)
        with started() as (process, address):
            wait_for(address, process)
            before = memory(process)
            run("million", address, "million")
            print(row("memory at first", [before], "MiB"))
            print(row("memory after a million records of 100 bytes", [memory(process)], "MiB"))
    print("\nlibrdkafka's mock cluster")
    with kafka_brokers.mock() as address:
        for measure in (
            lambda: latency(address, rounds),
            lambda: throughput(address, rounds, ["confluent-kafka"]),
            lambda: throughput(address, rounds, ["aiokafka"]),
        ):
            try:
                measure()
            except subprocess.TimeoutExpired:
                print(f"a client did not get through in {PATIENCE:g} s")


def starts(started: Started, rounds: int) -> list[float]:
    """Seconds until a record is acked."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        with started() as (process, address):
            wait_for(address, process)
            acked: list[object] = []
            producer = Producer({"bootstrap.servers": address, "log_level": 0, "linger.ms": 0})
            producer.produce("first", b"1", on_delivery=lambda error, _: acked.append(error))  # noqa: B023
            producer.flush(60)
            if acked != [None]:
                raise SystemExit(f"the first record was not acked: {acked}")
            taken.append(time.perf_counter() - began)
    return taken


def throughput(address: str, rounds: int, clients: list[str] | None = None) -> None:
    """Records a second, with each client and each size."""
    for client in clients or RECORDS:
        for size in (100, 1_000):
            figures = [
                run(client, address, f"{client}-{size}-{number}", "--size", str(size))
                for number in range(rounds)
            ]
            for what in ("produce", "consume"):
                name = f"{client} {what}, {size} bytes"
                print(row(name, [each[what] for each in figures], "/s"))


def latency(address: str, rounds: int) -> None:
    """One record at a time."""
    figures = [run("sync", address, "sync") for _ in range(rounds)]
    for what in ("p50", "p99"):
        print(row(f"confluent-kafka sync produce {what}", [each[what] for each in figures], "us"))


def run(client: str, address: str, topic: str, *more: str) -> dict[str, float]:
    """The figures of one client's process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.kafka_clients", client, address, topic, *more],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
