"""Tells a file which tests of real brokers ran, where ACKADEMY_BROKER_TESTS names one.

A test that talks to a real broker says what it needs, as `PROVIDER:KIND` or just the provider:

    @pytest.mark.broker("docker:kafka")                     a broker in a container
    @pytest.mark.broker("docker:kafka", "native:kafka")     either will do
    @pytest.mark.broker("docker")                           a Docker daemon, whatever its images

A parameter called `kind` completes a provider: "docker" is then "docker:kafka" for Kafka. With
several marks it needs all of them. tools/broker-tests reads the file and knows what a machine has:
a test that skipped there all the same, or a broker on which none ran, is told.
"""

import json
import os
from pathlib import Path

import pytest

FILE = "ACKADEMY_BROKER_TESTS"


def say_needs(items: list[pytest.Item]) -> None:
    """Puts what each test needs into its reports, which also come from other processes."""
    for item in items:
        kind = item.callspec.params.get("kind") if hasattr(item, "callspec") else None
        needs = [
            [f"{need}:{kind}" if kind and ":" not in need else need for need in mark.args]
            for mark in item.iter_markers("broker")
        ]
        if needs:
            item.user_properties.append(("broker", needs))


class Record:
    """A line of JSON for each test that is marked: what it needs, and that it ran or why not."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        needs = dict(report.user_properties).get("broker")
        skipped = report.skipped and not hasattr(report, "wasxfail")
        # A test that is skipped or breaks while it is set up has no call.
        if needs is None or not (
            report.when == "call" or (report.when == "setup" and not report.passed)
        ):
            return
        why = report.longrepr[2] if skipped and isinstance(report.longrepr, tuple) else ""
        line = {"test": report.nodeid, "needs": needs, "ran": not skipped, "why": why}
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")


def record(config: pytest.Config) -> None:
    """One process writes: with xdist the one that all reports come to."""
    if os.environ.get(FILE) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Record(Path(os.environ[FILE])))
