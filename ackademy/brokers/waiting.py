"""Waiting until a broker answers."""

import re
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

from ackademy.brokers.asking import Silent, ask
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Part

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds for a broker to answer: a JVM on a laptop that is busy takes some."""

OFTEN = 0.05

TAKEN = re.compile(r"address already in use|eaddrinuse|already allocated", re.IGNORECASE)


class PortTaken(NoBroker):
    """A port that was free a moment ago is not any more: worth another try."""


def until(part: Part, title: str, ask: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """What `ask` gives when it is something. NoBroker if the broker ends before or takes too long;
    the sentence has the last of what it said."""
    deadline = time.monotonic() + patience
    while True:
        answer = ask()
        if answer is not None:
            return answer
        if not part.runs():
            if TAKEN.search(part.said()):
                raise PortTaken(
                    f"{title} cannot listen: another program took its port in that moment; "
                    "try again"
                )
            raise NoBroker(f"{title} ended before it was ready; it said: {last_words(part.said())}")
        if time.monotonic() > deadline:
            raise NoBroker(
                f"{title} does not answer after {patience:.0f} s; end other programs and try again"
                f"; it said: {last_words(part.said())}"
            )
        time.sleep(OFTEN)


def answered(part: Part, title: str, address: Address) -> Address:
    """The address, when the broker there answers; with the version that it tells, if it has none
    yet."""

    def version() -> str | None:
        try:
            return ask(address)
        except Silent:
            return None

    told = until(part, title, version)
    return replace(address, version=address.version or told)


def until_ended(part: Part, title: str, child: "subprocess.Popen[bytes]") -> None:
    """Until one of its processes has done its work. NoBroker if it did not."""
    deadline = time.monotonic() + PATIENCE
    while (status := child.poll()) is None and time.monotonic() < deadline:
        time.sleep(OFTEN)
    if status != 0:
        raise NoBroker(f"{title} failed; it said: {last_words(part.said())}")
    part.children.remove(child)


def last_words(text: str) -> str:
    """The line of a log that most likely says what went wrong, cut to a length for a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [
        line
        for line in lines
        if any(word in line.lower() for word in ("error", "exception", "cannot", "failed", "fatal"))
    ]
    chosen = (telling or lines or ["nothing"])[-1]
    return chosen if len(chosen) < 200 else chosen[:197] + "..."


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def listens(host: str, port: int, patience: float = 1.0) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), patience).close()
    except OSError:
        return False
    return True
