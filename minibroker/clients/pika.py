"""A connection in the shape of `pika.BlockingConnection`. Its channels are in
`minibroker.clients.pika_channel`.

The subset: `channel`, `process_data_events`, `sleep`, `call_later`, `remove_timeout`,
`add_callback_threadsafe`, `add_on_connection_blocked_callback`,
`add_on_connection_unblocked_callback` (a broker that blocks nobody never calls them), `close`,
`is_open`, `is_closed`. Names, arguments, defaults and exceptions are those of pika 1.4.

Timers are kept here, on the client's side, and fire inside `process_data_events`, `sleep` and all
that wait by them, as pika's do.
"""

import heapq
from collections.abc import Callable
from typing import Any, NoReturn, cast

from pika import exceptions
from pika.adapters.blocking_connection import BlockingConnection

from minibroker.clients import Asks, NotInSubset, outside
from minibroker.clients.pika_channel import Channel
from minibroker.clients.pika_values import Event
from minibroker.sim.clock import SECOND
from minibroker.sim.incarnation import Refused
from minibroker.sim.values import Value

HEARTBEAT = 60 * SECOND


class Connection:
    """In the shape of `pika.BlockingConnection`; see the module for the subset."""

    def __init__(self, boundary: Asks) -> None:
        self._boundary = boundary
        self._channels: dict[int, Channel] = {}
        self._open = True
        self._heard = 0
        self._dispatching = False
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._timer = 0
        self._number = cast(int, self._ask("connect"))

    @property
    def is_open(self) -> bool:
        """Whether the connection can be used."""
        return self._open

    @property
    def is_closed(self) -> bool:
        """Whether it cannot."""
        return not self._open

    def channel(self, channel_number: int | None = None) -> "Channel":
        """Open a channel."""
        if channel_number is not None:
            raise NotInSubset("channel() numbers channels itself here; call it without one")
        number = cast(int, self.ask("channel_open"))
        self._channels[number] = Channel(self, number)
        return self._channels[number]

    def process_data_events(self, time_limit: float | None = 0) -> None:
        """Wait up to `time_limit` seconds (None: for ever) for a timer that is due or something
        that the broker sent, and hand it over. Inside a callback it only waits: pika hands out
        nothing there."""
        if self._dispatching:
            if time_limit is None:
                raise NotInSubset(
                    "process_data_events(None) inside a callback waits for ever, since nothing is "
                    "handed out there; give it a time limit"
                )
            self._wait(max(0, time_limit))
            return
        limit = time_limit
        if self._timers and (limit is None or isinstance(limit, int | float)):
            due = max(0, self._timers[0][0] - self._boundary.now) / SECOND
            limit = due if limit is None else min(limit, due)
        event = cast("Event | None", self.ask("receive", timeout=limit))
        self._fire()
        if event is not None:
            self._channels[cast(int, event["channel"])]._dispatch(event)

    def _wait(self, span: float) -> None:
        """Wait and send heartbeats meanwhile, as pika does inside its own I/O."""
        while True:
            step = min(span, HEARTBEAT / SECOND)
            self._boundary.ask("clock", "sleep", seconds=step)
            if self._boundary.now - self._heard >= HEARTBEAT:
                self.ask("heartbeat")
            span -= step
            if span <= 0:
                break

    def _fire(self) -> None:
        """Call back the timers that are due, and not those that they set."""
        for _ in range(sum(when <= self._boundary.now for when, _, _ in self._timers)):
            if not self._timers or self._timers[0][0] > self._boundary.now:
                break
            _, _, callback = heapq.heappop(self._timers)
            self._dispatching = True
            try:
                callback()
            finally:
                self._dispatching = False

    def call_later(self, delay: float, callback: Callable[[], None]) -> int:
        """Call back after `delay` seconds, inside `process_data_events` or what waits by it.
        Gives an id for `remove_timeout`."""
        if not callable(callback):
            raise TypeError(f"callback callback must be callable, but got {callback!r}")
        if delay < 0:
            raise ValueError(f"call_later: delay must be non-negative, but got {delay!r}")
        self._timer += 1
        when = self._boundary.now + round(delay * SECOND)
        heapq.heappush(self._timers, (when, self._timer, callback))
        return self._timer

    def remove_timeout(self, timeout_id: int) -> None:
        """Forget a timer that has not fired."""
        self._timers = [timer for timer in self._timers if timer[1] != timeout_id]
        heapq.heapify(self._timers)

    def add_callback_threadsafe(self, callback: Callable[..., None]) -> None:
        """Call back at the next `process_data_events`. (There are no threads here to be safe
        from.)"""
        if not self._open:
            raise exceptions.ConnectionWrongStateError(
                "BlockingConnection.add_callback_threadsafe() called on closed or closing "
                "connection."
            )
        self.call_later(0, callback)

    def add_on_connection_blocked_callback(self, callback: Callable[..., Any]) -> None:
        """Never called: this broker has memory and disk enough."""

    def add_on_connection_unblocked_callback(self, callback: Callable[..., Any]) -> None:
        """Never called either."""

    def sleep(self, duration: float) -> None:
        """Wait `duration` seconds, handing out deliveries meanwhile (inside a callback: none)."""
        assert duration >= 0, duration
        until = self._boundary.now + duration * 1_000_000
        left = duration
        while True:
            self.process_data_events(left)
            left = (until - self._boundary.now) / 1_000_000
            if left <= 0:
                break

    def close(self, reply_code: int = 200, reply_text: str = "Normal shutdown") -> None:
        """Close; the broker takes back what was not settled."""
        self.ask("connection_close")
        self._gone()

    def _gone(self) -> None:
        self._open = False
        self._timers.clear()
        for channel in self._channels.values():
            channel._gone()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and hasattr(BlockingConnection, name):
            outside("pika.BlockingConnection", name)
        raise AttributeError(f"a connection has no attribute {name!r}")

    def ask(self, op: str, **args: object) -> Value:
        """Cross the boundary for this connection."""
        if not self._open:
            raise exceptions.ConnectionWrongStateError("Connection is closed.")
        return self._ask(op, connection=self._number, **args)

    def _ask(self, op: str, **args: object) -> Value:
        try:
            return self._boundary.ask("amqp", op, **args)
        except Refused as refused:
            if refused.error == "ChannelClosedByBroker":
                raise exceptions.ChannelClosedByBroker(refused.data["code"], str(refused)) from None
            if refused.error == "StreamLostError":
                self._gone()
                raise exceptions.StreamLostError(str(refused)) from None
            kind: type[Exception] = TypeError if refused.error == "TypeError" else NotInSubset
            raise kind(str(refused)) from None
        finally:
            self._heard = self._boundary.now


MAKERS: dict[str, Callable[[Asks], Any]] = {
    "pika.connection": Connection,
    "pika.channel": lambda boundary: Connection(boundary).channel(),
}
