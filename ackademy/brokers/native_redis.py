"""A Redis of this machine: redis-server, or valkey-server, which speaks the same protocol."""

import shutil
from pathlib import Path

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part
from ackademy.brokers.waiting import answered, free_port

PROGRAMS = ("redis-server", "valkey-server")


def program() -> Path:
    """Where it is. NoBroker if there is none."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    raise NoBroker(
        "redis-server is not on the PATH; install Redis (on Debian or Ubuntu the package "
        "redis-server, with Homebrew redis), or take another provider"
    )


def start(part: Part) -> Address:
    """One that keeps nothing, on a port of its own."""
    where, port = program(), free_port()
    part.start(
        [
            *(where, "--port", str(port), "--bind", "127.0.0.1", "--dir", part.directory),
            *("--save", "", "--appendonly", "no"),
        ]
    )
    address = Address(
        "redis", "native", "", f"{where} on 127.0.0.1:{port}", f"redis://127.0.0.1:{port}/0"
    )
    return answered(part, where.name, address)
