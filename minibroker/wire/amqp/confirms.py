"""Publisher confirms of one channel (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms").

What was taken in one turn is confirmed by one method; what was not taken is told at once. While a
message waits for a queue's majority of nodes, those behind it are confirmed one by one.
"""

from typing import TYPE_CHECKING

from pamqp import commands

from minibroker.queues.cluster import Pending

if TYPE_CHECKING:
    from minibroker.wire.amqp.channel import WireChannel


class Confirms:
    """`on` from confirm.select on. Messages count from 1."""

    def __init__(self, channel: "WireChannel") -> None:
        self.on = False
        self._channel = channel
        self._last = self._told = 0
        self._taken = 0
        """How many after the last one that was told of are to be confirmed."""
        self._waiting: set[int] = set()
        self._singly: list[int] = []
        """Those that were taken while others waited."""

    def add(self, accepted: bool) -> None:
        """One more message was published."""
        self._last += 1
        if accepted and self._waiting:
            self._confirm_singly(self._last)
        elif accepted:
            self._taken += 1
            self._channel.connection.confirming[self._channel] = None
        else:
            self.send(self._last - 1)
            self._told = self._last
            self._channel.reply(commands.Basic.Nack, self._last, False, False)

    def wait(self, pending: Pending) -> None:
        """One more was, and is confirmed when its queues have it."""
        self.send()
        self._last += 1
        self._told = number = self._last
        self._waiting.add(number)

        def taken() -> None:
            self._waiting.discard(number)
            if self._channel.engine.open:
                self._confirm_singly(number)
                self._channel.connection.flush_soon()

        pending.then = taken

    def _confirm_singly(self, number: int) -> None:
        self._singly.append(number)
        self._told = self._last
        self._channel.connection.confirming[self._channel] = None

    def send(self, last: int | None = None) -> None:
        """Confirm all that was taken."""
        if self._taken:
            self._told = self._last if last is None else last
            self._channel.reply(commands.Basic.Ack, self._told, self._taken > 1)
            self._taken = 0
        if self._singly:
            for number in self._singly:
                self._channel.reply(commands.Basic.Ack, number, False)
            self._singly.clear()
