"""Ends of connections without a network, and a gate that a test looks through."""

import asyncio
from dataclasses import dataclass, field

from ackademy.reality.gate import Cuttable
from ackademy.reality.points import Counting, Op, Point


@dataclass
class Sink:
    """What is written to one end, in the shape of a StreamWriter."""

    written: bytearray = field(default_factory=bytearray)
    closed: bool = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True


@dataclass
class Gateway:
    """Counts as a run does; `struck` are the faults that were done, each with what the broker had
    been sent by then. A crash cuts the connection."""

    points: list[Point]
    broker: Sink
    struck: list[tuple[Point, bytes]] = field(default_factory=list)
    asked: list[Op] = field(default_factory=list)
    ready_ones: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counting = Counting(list(self.points))

    def comes(self, who: str, op: Op) -> Point | None:
        self.asked.append(op)
        return self.counting.comes(who.partition("#")[0], op)

    def arrest(self, who: str) -> None:
        """Nothing else is under way in a test."""

    async def passage(self, who: str) -> bool:
        return True

    async def strike(self, who: str, point: Point, link: Cuttable | None) -> None:
        self.struck.append((point, bytes(self.broker.written)))
        if link is not None and point.kind != "pause":
            link.cut()

    def ready(self, who: str) -> None:
        self.ready_ones.append(who)

    def moved(self) -> None:
        """Nobody waits for rest in a test."""


def reader() -> asyncio.StreamReader:
    """An end to be fed."""
    return asyncio.StreamReader()


async def passed_on() -> None:
    """Let all tasks come as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)
