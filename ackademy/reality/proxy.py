"""Listens where a learner's process believes its broker to be, and passes its connections on."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Link = Callable[[int, Stream, Stream], Coroutine[Any, Any, None]]
"""Passes one connection on, given its number, the client's side and the broker's."""


class Proxy:
    """One address for one process; each connection to it is one to `upstream`."""

    def __init__(self, upstream: tuple[str, int], link: Link) -> None:
        self._upstream, self._link = upstream, link
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed: list[BaseException] = []

    async def open(self) -> int:
        """Listen on this machine only; gives the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Listen no more, and wait until what came is passed on."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drained(self) -> None:
        """Wait until all connections are over."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._number += 1
        broker: asyncio.StreamWriter | None = None
        try:
            upstream = await asyncio.open_connection(*self._upstream)
            broker = upstream[1]
            await self._link(self._number, (reader, writer), upstream)
        except (OSError, asyncio.CancelledError):
            pass  # one of them is gone, which is what this is about
        except Exception as error:  # an error of ours, for whoever waits for the run
            self.failed.append(error)
        finally:
            for each in filter(None, (writer, broker)):
                each.close()
                with contextlib.suppress(OSError):
                    await each.wait_closed()
            self._tasks.discard(task)
