"""The server for those who are on another thread: a notebook, a test, the command line.

>>> with start() as kafka:
...     kafka.bootstrap_servers.startswith("127.0.0.1:")
True
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from minibroker.wire.kafka.server import KafkaServer
from minibroker.wire.loops import new_runner as new_runner

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which the server's thread may be busy before a call here gives up."""


class Running:
    """A server on a thread of its own, until `close`, the end of the ``with``, or that of the
    process."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._started: Future[KafkaServer] = Future()
        self._over: asyncio.Event | None = None
        self._options = options
        self._thread = threading.Thread(target=self._work, name="minibroker-kafka", daemon=True)
        self._thread.start()
        self.server = self._started.result(PATIENCE)
        self.bootstrap_servers = self.server.bootstrap_servers
        """What a client's ``bootstrap.servers`` is set to."""

    def close(self) -> None:
        """Close all connections and ports. Closing it again is no error."""
        if self._thread.is_alive() and self._over is not None:
            with suppress(RuntimeError):  # it is over by itself
                self.server.loop.call_soon_threadsafe(self._over.set)
            self._thread.join(PATIENCE)

    def stop_broker(self, number: int) -> None:
        """Shut one broker down; others lead what it led. ValueError if there is none of that
        number."""
        self._wait(self.server.stop_broker(number))

    def start_broker(self, number: int) -> None:
        """Start it again on the port that it had."""
        self._wait(self.server.start_broker(number))

    def fail(self, request: str, **how: Any) -> None:
        """Let requests of this name go wrong: see `minibroker.wire.kafka.faults.Faults.add`."""
        self.ask(lambda server: server.faults.add(request, **how))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.ask(lambda server: server.faults.clear())

    def ask(self, question: Callable[[KafkaServer], T]) -> T:
        """Call something on the server's thread, the only one that may look at the engine."""

        async def asked() -> T:
            return question(self.server)

        return self._wait(asked())

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.server.loop).result(PATIENCE)

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _work(self) -> None:
        with new_runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        try:
            server = KafkaServer(**self._options)
            await server.start()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(server)
        await self._over.wait()
        await server.close()


def start(brokers: int = 1, **options: Any) -> Running:
    """A Kafka of `brokers` brokers on free ports of this machine; `options` are those of
    `KafkaServer`."""
    return Running({"ports": (0,) * brokers} | options)
