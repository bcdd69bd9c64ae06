"""The server for those who are on another thread: a notebook, a test, the command line.

>>> with start() as aws:
...     sqs = aws.client("sqs")
...     url = sqs.create_queue(QueueName="orders")["QueueUrl"]
>>> url.endswith("/123456789012/orders")
True
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from minibroker.aws.terms import REGION
from minibroker.wire.aws.server import AwsServer
from minibroker.wire.loops import new_runner

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for which the server's thread may be busy before a call here gives up."""

CREDENTIALS = {"aws_access_key_id": "course", "aws_secret_access_key": "not-checked"}


class Running:
    """A server on a thread of its own, until `close`, the end of the ``with``, or that of the
    process."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._started: Future[AwsServer] = Future()
        self._over: asyncio.Event | None = None
        self._options = options
        self._thread = threading.Thread(target=self._work, name="minibroker-aws", daemon=True)
        self._thread.start()
        self.server = self._started.result(PATIENCE)
        self.endpoint_url = self.server.endpoint_url
        """What a client's ``endpoint_url`` is set to."""

    def close(self) -> None:
        """Close all connections and the port. Closing it again is no error."""
        if self._thread.is_alive() and self._over is not None:
            with suppress(RuntimeError):  # it is over by itself
                self.server.loop.call_soon_threadsafe(self._over.set)
            self._thread.join(PATIENCE)

    def client(self, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client of ``sqs`` or ``sns`` that talks to this server, with credentials that
        nobody checks; `options` are those of ``boto3.client``."""
        import boto3  # it takes half a second

        wanted = {"region_name": region, "endpoint_url": self.endpoint_url, **CREDENTIALS}
        return boto3.session.Session().client(service, **(wanted | options))

    def fail(self, action: str, **how: Any) -> None:
        """Let requests of this action go wrong: see `minibroker.wire.aws.faults.Faults.add`."""
        self.ask(lambda server: server.faults.add(action, **how))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.ask(lambda server: server.faults.clear())

    def ask(self, question: Callable[[AwsServer], T]) -> T:
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
            server = AwsServer(**self._options)
            await server.start()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(server)
        await self._over.wait()
        await server.close()


def start(**options: Any) -> Running:
    """SQS and SNS on a free port of this machine; `options` are those of `AwsServer`."""
    return Running(options)
