"""One act in its own process, in whatever place: its parameters, its notes, its end.

``python -m tests.fidelity.acting JSON`` is that process for the wire and for real brokers.
"""

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.fidelity.history import notes_to


def parameters(
    takes: list[str], clients: Mapping[str, Any], suffix: str, write: Callable[[str], object]
) -> dict[str, Any]:
    """What an act is called with."""
    given = {"note": notes_to(write), "name": lambda word: f"{word}{suffix}", **clients}
    return {each: given[each] for each in takes}


def main(job: dict[str, Any]) -> None:
    """Run one act against the real client libraries."""
    act = getattr(importlib.import_module(job["module"]), job["function"])
    clients = {
        each: _client(each.rstrip("0123456789"), job["addresses"])
        for each in job["takes"]
        if each not in ("note", "name")
    }

    def write(line: str) -> None:
        print(line, flush=True)

    act(**parameters(job["takes"], clients, job["suffix"], write))
    if job["ends"] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)


def _client(kind: str, addresses: Mapping[str, str]) -> Any:
    if kind == "kafka":
        return addresses["kafka"]
    if kind in ("connection", "channel"):
        import pika

        connection = pika.BlockingConnection(pika.URLParameters(addresses["amqp"]))
        return connection if kind == "connection" else connection.channel()
    if kind in ("r", "raw"):
        import redis

        return redis.Redis.from_url(addresses["redis"], decode_responses=kind == "r")
    import boto3

    return boto3.client(
        kind,
        endpoint_url=addresses["aws"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
