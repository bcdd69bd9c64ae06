"""Where all that a process asks for passes: it is counted here, and faults are done here."""

from typing import Protocol

from ackademy.reality.points import Op, Point


class Cuttable(Protocol):
    """One connection of a process."""

    who: str
    over: bool

    def cut(self) -> None:
        """End it on both sides."""


class Gate(Protocol):
    """What a connection asks before it passes something on."""

    def comes(self, who: str, op: Op) -> Point | None:
        """Count a request of a process, and give the point that it is."""

    def arrest(self, who: str) -> None:
        """A fault is about to be done to a process: nothing else of it passes before that."""

    async def passage(self, who: str) -> bool:
        """Wait until something of a process may pass; False when it is dead and nothing may."""

    async def strike(self, who: str, point: Point, link: Cuttable | None) -> None:
        """Do the fault to a process. When it comes back the connection is over, or goes on."""

    def ready(self, who: str) -> None:
        """A process asks for messages: it is ready for them."""

    def moved(self) -> None:
        """Something has happened: the run is not at rest."""
