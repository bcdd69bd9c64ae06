"""A server for those who are on another thread: a notebook, a test.

Rule: only the server's thread looks at its engine; everybody else asks by `Running.ask`.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from minibroker.wire.faults import Faults
from minibroker.wire.loops import new_runner

PATIENCE = 30.0
"""Seconds for which the server's thread may be busy before a call here gives up."""

T = TypeVar("T")


class Server(Protocol):
    """What is run: it is made, started and closed on its own loop."""

    loop: asyncio.AbstractEventLoop

    @property
    def faults(self) -> Faults[Any]:
        """What is to go wrong."""

    async def start(self) -> None:
        """Listen."""

    async def close(self) -> None:
        """Listen no more; all connections end."""


S = TypeVar("S", bound=Server)


class Running(Generic[S]):
    """A server on a thread of its own, until `close`, the end of the ``with``, or that of the
    process. `make` is called there; what it or ``start`` raises is raised here. `name` is the
    thread's."""

    def __init__(self, name: str, make: Callable[[], S]) -> None:
        self._started: Future[S] = Future()
        self._over: asyncio.Event | None = None
        self._make = make
        self._thread = threading.Thread(target=self._work, name=f"minibroker-{name}", daemon=True)
        self._thread.start()
        self.server = self._started.result(PATIENCE)

    def close(self) -> None:
        """Close all connections and ports. Closing it again is no error."""
        if self._thread.is_alive() and self._over is not None:
            with suppress(RuntimeError):  # it is over by itself
                self.server.loop.call_soon_threadsafe(self._over.set)
            self._thread.join(PATIENCE)

    def fail(self, request: str, **how: Any) -> None:
        """Let requests of this name go wrong: see `minibroker.wire.faults.Fault`, and the wire's
        own module of that name for what they are called."""
        self.ask(lambda server: server.faults.add(request, **how))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.ask(lambda server: server.faults.clear())

    def ask(self, question: Callable[[S], T]) -> T:
        """Call something on the server's thread, the only one that may look at the engine."""

        async def asked() -> T:
            return question(self.server)

        return self._wait(asked())

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.server.loop).result(PATIENCE)

    def __enter__(self) -> Self:
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
            server = self._make()
            await server.start()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(server)
        await self._over.wait()
        await server.close()
