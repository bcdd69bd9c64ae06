"""When something that a caller asked for in vain will be there by the mere passing of time.

A world at rest moves on to the next thing that is due. Redis has no timers of its own for two such
things: that an entry has been pending for so long that XAUTOCLAIM may have it, and that a key that
was in the way of SET NX has expired. Here they get one, once somebody has asked.
"""

from collections.abc import Callable
from typing import Any

from fakeredis.model import XStream

from minibroker.agents.redis_server import Server
from minibroker.sim.clock import MILLISECOND, SECOND, Clock
from minibroker.sim.modules import EPOCH

At = Callable[[int, Callable[[], None]], None]

_EPOCH_MS = int(EPOCH.timestamp()) * 1000


class Due:
    """Looks at commands that found nothing."""

    def __init__(self, server: Server, clock: Clock, at: At) -> None:
        self._server = server
        self._clock = clock
        self._at = at
        self._set: set[int] = set()

    def after(self, fields: list[bytes], raw: Any) -> None:
        """A command was answered."""
        name = fields[0].upper()
        if name in (b"XAUTOCLAIM", b"XCLAIM") and len(fields) > 4:
            self._claimable(fields[1], fields[2], int(fields[4]))
        elif name == b"XPENDING" and len(fields) > 4:
            if fields[3].upper() == b"IDLE":
                self._claimable(fields[1], fields[2], int(fields[4]))
        elif name == b"XREADGROUP":
            words = [each.upper() for each in fields]
            if b"CLAIM" not in words:
                return
            idle = int(fields[words.index(b"CLAIM") + 1])
            streams = fields[words.index(b"STREAMS") + 1 :]
            for stream in streams[: len(streams) // 2]:
                self._claimable(stream, fields[2], idle)
        elif name in (b"SET", b"SETNX") and raw in (None, 0):
            item = self._server.database._dict.get(fields[1])
            if item is not None and item.expireat is not None:
                after = int(item.expireat * 1000) + 1 - _EPOCH_MS
                self._tick(after * MILLISECOND)

    def _claimable(self, stream: bytes, group: bytes, idle: int) -> None:
        item = self._server.database._dict.get(stream)
        found = item.value.group_get(group) if item and isinstance(item.value, XStream) else None
        if found is not None:
            for each in found.pel.values():
                self._tick((each.time_read + idle - _EPOCH_MS) * MILLISECOND)

    def _tick(self, when: int) -> None:
        if self._clock.now < when < self._clock.now + 7 * 86_400 * SECOND and when not in self._set:
            self._set.add(when)
            self._at(when, lambda: None)
