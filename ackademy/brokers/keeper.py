"""The process that owns the brokers of a session: ``python -m ackademy.brokers.keeper``.

It is told what to do in lines of JSON on its standard input and answers in such lines. When the
input ends, however the other side ended, it stops its brokers, removes all that was theirs and
ends. It is in a session (of the system's) of its own: Ctrl+C in a terminal goes to the one that may
want to go on, not to its brokers. ``docs/decisions/0013`` says why it is a process.

    {"id": 1, "do": "start", "kind": "kafka", "provider": "native", "environment": {...}}
    {"id": 1, "say": "Kafka is starting"}
    {"id": 1, "up": {...}}          an `Address`, or {"id": 1, "cannot": "a sentence"}
    {"id": 2, "do": "stop", "kind": "kafka", "provider": "native"}
    {"cancel": 1}                   nobody waits for this any more

With ``--standing`` it stays when its broker is up, until it gets a SIGTERM: ``ackademy brokers up``
and ``down`` (`ackademy.brokers.standing`).

Rule: only the main thread starts and ends anything. The other one reads; it interrupts the main
one by a signal, as anybody may, so that a slow start or download ends at once.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from types import FrameType
from typing import Any

from ackademy.brokers import standing
from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address
from ackademy.brokers.holdings import Holdings, Part, sweep
from ackademy.brokers.kinds import TITLES
from ackademy.brokers.processes import INTERRUPTING, undisturbed
from ackademy.brokers.waiting import PortTaken

RUNS = 5.0
"""Seconds after which the keeper of a broker that stands looks whether it still runs."""

AGAIN = 1.0
"""Seconds after which the main thread is told once more that it is over."""

TRIES = 3
"""Of a broker whose port another program takes before it does."""

Say = Callable[[str], None]


class Over(BaseException):
    """The keeper is to end."""


class Cancelled(BaseException):
    """Nobody waits any more for what is being started."""


class Keeper:
    """The brokers of one session, by kind and provider; or one that stands."""

    def __init__(self, stands: bool = False) -> None:
        self._stands = stands
        self.holdings = Holdings()
        self.running: dict[tuple[str, str], tuple[Part, Address]] = {}
        self._messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._at_work: int | None = None
        """The request that may be cancelled."""
        self._cancelled: set[int] = set()
        self._over = self._closing = False

    def serve(self) -> None:
        """Do what is asked until it is over."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        signal.signal(signal.SIGUSR1, self._cancel)
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        try:
            while not self._over:
                with suppress(queue.Empty):
                    self._answer(self._messages.get(timeout=RUNS if self._stands else None))
                if self._stands and not all(part.runs() for part, _ in self.running.values()):
                    break
        except Over:
            pass
        finally:
            self._closing = True
            for kind, _ in self.running if self._stands else ():
                standing.remove(kind)
            self.holdings.close()

    def start(self, kind: str, provider: str, say: Say) -> Address:
        """The broker that runs, or a new one. NoBroker if there can be none."""
        key = kind, provider
        if key in self.running:
            part, address = self.running[key]
            if part.runs():
                return address
            self.stop(kind, provider)
        for tries_left in reversed(range(TRIES)):
            part = self.holdings.part(kind)
            try:
                address = _start(kind, provider, part, say)
            except BaseException as error:
                with undisturbed():
                    part.close()
                if isinstance(error, PortTaken) and tries_left:
                    continue
                raise
            self.running[key] = part, address
            if self._stands:
                standing.write(address)
            return address
        raise AssertionError("the last try returns or raises")

    def stop(self, kind: str, provider: str) -> None:
        """End it, if it runs."""
        found = self.running.pop((kind, provider), None)
        if found is not None:
            found[0].close()

    def _answer(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if number in self._cancelled:
            return
        self._at_work = number
        try:
            if message["do"] == "start":
                os.environ.clear()
                os.environ.update(message["environment"])
                up = self.start(
                    message["kind"], message["provider"], lambda text: tell(id=number, say=text)
                )
                if number in self._cancelled:
                    raise Cancelled
                tell(id=number, up=asdict(up))
            else:
                self.stop(message["kind"], message["provider"])
                tell(id=number, down=True)
        except Cancelled:
            tell(id=number, cannot="it was interrupted")
        except NoBroker as error:
            tell(id=number, cannot=str(error))
        except Exception as error:  # one request must not end the other brokers
            kind = TITLES[message["kind"]]
            tell(id=number, cannot=f"{kind} cannot be had: {type(error).__name__}: {error}")
        finally:
            self._at_work = None

    def _read(self) -> None:
        """The other thread: lines from the input, until it ends."""
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTING)  # they are for the main one
        main = threading.main_thread().ident
        assert main is not None
        self._read_lines(main)
        if self._stands and self.running:
            return
        while True:  # an exception is lost that a handler raises in somebody's __del__
            signal.pthread_kill(main, signal.SIGTERM)
            time.sleep(AGAIN)

    def _read_lines(self, main: int) -> None:
        # Unbuffered: a buffer's lock that this thread holds would end the interpreter in disorder.
        with open(0, "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                message = json.loads(line)
                if "cancel" in message:
                    self._cancelled.add(message["cancel"])
                    signal.pthread_kill(main, signal.SIGUSR1)
                else:
                    self._messages.put(message)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._over = True
        if not self._closing:
            raise Over

    def _cancel(self, number: int, frame: FrameType | None) -> None:
        if not self._closing and self._at_work in self._cancelled:
            raise Cancelled


def tell(**message: Any) -> None:
    """One line to the session."""
    with suppress(OSError):  # it is gone, as the end of the input says
        os.write(1, json.dumps(message).encode() + b"\n")


def _start(kind: str, provider: str, part: Part, say: Say) -> Address:
    match provider:
        case "mini":
            from ackademy.brokers.mini import start

            return start(kind, part)
        case "native":
            native = import_module(f"ackademy.brokers.native_{kind}")
            address: Address = native.start(part)
            return address
        case _:
            from ackademy.brokers.containers import start as start_container

            return start_container(kind, part, say)


def main() -> int:
    """Keep brokers until the input ends."""
    sweep()
    Keeper(stands="--standing" in sys.argv).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
