"""Brokers that ``ackademy brokers up`` left running, each with a keeper of its own.

A file for each kind, in a private directory, says where it is and who keeps it. The keeper writes
it when the broker answers and removes it when it ends; a file whose keeper is gone says nothing.
"""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ackademy.brokers import processes
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.kinds import KINDS, TITLES

PATIENCE = 30.0
"""Seconds for a keeper to stop its broker."""

OFTEN = 0.05


@dataclass(frozen=True)
class Standing:
    """A broker that is up: its address, and its keeper's process id with the time it began."""

    address: Address
    keeper: tuple[int, str]


def address(kind: str) -> Address | None:
    """The one of this kind that is up."""
    found = read(kind)
    return found.address if found else None


def read(kind: str) -> Standing | None:
    """The same with its keeper."""
    try:
        said = json.loads(_path(kind).read_text())
        pid, born = said["keeper"]
        found = Standing(Address(**said["address"]), (pid, born))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if processes.is_alive(pid, born) else None


def everything() -> list[Standing]:
    """All that is up."""
    return [found for kind in KINDS if (found := read(kind))]


def write(of: Address) -> None:
    """Called by the keeper: its broker is up. NoBroker if another one was faster."""
    path = _path(of.kind)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    pid = os.getpid()
    new = path.with_suffix(f".{pid}")
    new.write_text(json.dumps({"keeper": [pid, processes.birth(pid)], "address": asdict(of)}))
    try:
        while True:
            try:
                os.link(new, path)
                return
            except FileExistsError:
                if read(of.kind):
                    raise NoBroker(is_up(of.kind)) from None
                path.unlink(missing_ok=True)  # its keeper was killed
    finally:
        new.unlink()


def is_up(kind: str) -> str:
    """The sentence for who wants to start a second one."""
    return f"{TITLES[kind]} is up already; ackademy brokers down ends it"


def remove(kind: str) -> None:
    """Called by the keeper: it is up no longer."""
    found = read(kind)
    if found and found.keeper[0] == os.getpid():
        _path(kind).unlink(missing_ok=True)


def down(kind: str) -> bool:
    """End it, and wait until nothing is left of it; whether there was one."""
    found = read(kind)
    if found is None:
        return False
    pid, born = found.keeper
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while processes.is_alive(pid, born) and time.monotonic() < deadline:
        time.sleep(OFTEN)
    processes.kill(pid, born)  # then the sweep has the rest
    _path(kind).unlink(missing_ok=True)
    return True


def _path(kind: str) -> Path:
    from ackademy.progress import store

    return store.home() / "brokers" / f"{kind}.json"
