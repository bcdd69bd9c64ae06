"""One connection of a learner's process, passed on to its broker piece by piece.

What a piece is, and what is done with it, is a subclass's: `AmqpLink`, `KafkaLink`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, Protocol, TypeVar

from ackademy.reality.gate import Gate
from ackademy.reality.proxy import Stream

PATIENCE = 5.0
"""Seconds that a broker may take to answer what waits for a fault, when the client is gone."""

Piece = TypeVar("Piece", covariant=True)


class Splitter(Protocol[Piece]):
    """Bytes of one direction, as pieces."""

    def feed(self, data: bytes) -> Iterable[Piece]:
        """The pieces that are whole with these bytes."""


T = TypeVar("T")


class Link(Generic[T]):
    """See the module. `split` makes a splitter for a direction. An error of ours ends the
    connection and is raised by `run`; a side that is gone only ends it."""

    def __init__(self, who: str, gate: Gate, split: Callable[[], Splitter[T]]) -> None:
        self.who = who
        self.over = False
        self._gate = gate
        self._split = split

    async def run(self, client: Stream, broker: Stream) -> None:
        """Pass on until one of them closes, or a fault ends it."""
        self._client, self._broker = client[1], broker[1]
        pumps = [
            asyncio.create_task(self._pump(client[0], self._from_client)),
            asyncio.create_task(self._pump(broker[0], self._from_broker)),
        ]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if pumps[0] in done and not self.over and self._owes_a_fault():
                await asyncio.wait(pumps[1:], timeout=PATIENCE)
        finally:
            self.cut()
            for pump in pumps:
                pump.cancel()
            results = await asyncio.gather(*pumps, return_exceptions=True)
            self._ended()
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, OSError):
                raise result

    def cut(self) -> None:
        """End it on both sides; the broker reads first what was sent on."""
        self.over = True
        for writer in (self._client, self._broker):
            writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, take: Callable[[T], Awaitable[None]]
    ) -> None:
        pieces = self._split()
        while data := await reader.read(65_536):
            for piece in pieces.feed(data):
                if not self.over:
                    await take(piece)
                if self.over:
                    return

    async def _from_client(self, piece: T) -> None:
        """Something that the client sends: nothing of a process passes that is dead."""
        if not await self._gate.passage(self.who):
            self.over = True
        if not self.over:
            await self._sent(piece)

    async def _sent(self, piece: T) -> None:
        raise NotImplementedError

    async def _from_broker(self, piece: T) -> None:
        raise NotImplementedError

    def _owes_a_fault(self) -> bool:
        """Whether a fault waits for an answer of the broker's."""
        return False

    def _ended(self) -> None:
        """The connection is over."""
