"""The brokers of this process: one keeper, asked by whoever needs a broker."""

import atexit
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ackademy.brokers.errors import NoBroker
from ackademy.brokers.given import Address, Broker, broker
from ackademy.brokers.line import Line, environment


class Session:
    """The brokers that this process started. One that ended is replaced by the next `session`."""

    def __init__(self) -> None:
        self.line = Line()
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._holders: dict[tuple[str, str], int] = {}

    def broker(self, kind: str, provider: str) -> Broker:
        """The broker, started if it does not run. NoBroker if it cannot be."""
        key = kind, provider
        address = self._take(key)
        left = False

        def leave() -> None:
            nonlocal left
            with self._lock:
                if not left:
                    left = True
                    self._leave(key)

        return broker(address, leave)

    @contextmanager
    def address(self, kind: str, provider: str) -> Iterator[Address]:
        """Only where it is, until the end of the ``with``."""
        address = self._take((kind, provider))
        try:
            yield address
        finally:
            with self._lock:
                self._leave((kind, provider))

    def _take(self, key: tuple[str, str]) -> Address:
        kind, provider = key
        with self._lock:
            answer = self._ask(do="start", kind=kind, provider=provider, environment=environment())
            self._holders[key] = self._holders.get(key, 0) + 1
        return Address(**answer["up"])

    def _leave(self, key: tuple[str, str]) -> None:
        self._holders[key] -= 1
        if not self._holders[key] and self.line.is_open:
            self._ask(do="stop", kind=key[0], provider=key[1])

    def _ask(self, **message: Any) -> dict[str, Any]:
        number = next(self._numbers)
        try:
            self.line.send(id=number, **message)
            return self.line.answer(number)
        except KeyboardInterrupt:
            with suppress(NoBroker):
                self.line.send(cancel=number)
            raise


_session: Session | None = None
_lock = threading.Lock()


def session() -> Session:
    """This process's; made by the first call."""
    global _session
    with _lock:
        if _session is not None and not _session.line.is_open:
            _session.line.close()
            _session = None
        if _session is None:
            _session = Session()
        return _session


def close() -> None:
    """End all that this process started; at its exit, if not before."""
    global _session
    if _session is not None:
        _session.line.close()
        _session = None


def _after_fork() -> None:
    """The keeper is not this process's, and must not wait for its end as well."""
    global _session, _lock
    _lock = threading.Lock()
    if _session is not None:
        _session.line.forget()
        _session = None


atexit.register(close)
os.register_at_fork(after_in_child=_after_fork)
