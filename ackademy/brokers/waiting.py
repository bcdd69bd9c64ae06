"""Waiting until a broker answers."""

import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.holdings import Part

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds for a broker to answer: a JVM on a laptop that is busy takes some."""

OFTEN = 0.05


def until(part: Part, title: str, ask: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """What `ask` gives when it is something. NoBroker if the broker ends before or takes too long;
    the sentence has the last of what it said."""
    deadline = time.monotonic() + patience
    while True:
        answer = ask()
        if answer is not None:
            return answer
        if not part.runs():
            raise NoBroker(f"{title} ended before it was ready; it said: {last_words(part.said())}")
        if time.monotonic() > deadline:
            raise NoBroker(
                f"{title} does not answer after {patience:.0f} s; end other programs and try again"
                f"; it said: {last_words(part.said())}"
            )
        time.sleep(OFTEN)


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
