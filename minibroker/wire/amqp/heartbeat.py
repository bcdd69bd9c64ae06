"""Signs of life, both ways (RabbitMQ, "Detecting Dead TCP Connections with Heartbeats").

Twice in each interval is looked whether anything was sent, else a heartbeat is, and whether
anything came; after two intervals without a byte the peer is taken to be gone.
"""

import asyncio
from collections.abc import Callable

LOOKS = 2
"""In each interval."""

MISSED = 2
"""So many intervals in silence."""


class Heartbeat:
    """`interval` is in seconds. Whoever reads sets `heard`, whoever writes sets `sent`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interval: int,
        beat: Callable[[], None],
        dead: Callable[[], None],
    ) -> None:
        self.heard = self.sent = False
        self._loop, self._wait = loop, interval / LOOKS
        self._beat, self._dead = beat, dead
        self._silent = 0
        self._timer = loop.call_later(self._wait, self._look)

    def cancel(self) -> None:
        """The connection is over."""
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_later(self._wait, self._look)
        if not self.sent:
            self._beat()
        self.sent = False
        self._silent = 0 if self.heard else self._silent + 1
        self.heard = False
        if self._silent > MISSED * LOOKS:
            self._silent = 0
            self._dead()
