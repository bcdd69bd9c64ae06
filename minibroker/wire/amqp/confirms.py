"""Publisher confirms of one channel (RabbitMQ, "Consumer Acknowledgements and Publisher Confirms").

What was taken in one turn is confirmed by one method; what was not taken is told at once.
"""

from typing import TYPE_CHECKING

from pamqp import commands

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

    def add(self, accepted: bool) -> None:
        """One more message was published."""
        self._last += 1
        if accepted:
            self._taken += 1
            self._channel.connection.confirming[self._channel] = None
        else:
            self.send(self._last - 1)
            self._told = self._last
            self._channel.reply(commands.Basic.Nack, self._last, False, False)

    def send(self, last: int | None = None) -> None:
        """Confirm all that was taken."""
        if self._taken:
            self._told = self._last if last is None else last
            self._channel.reply(commands.Basic.Ack, self._told, self._taken > 1)
            self._taken = 0
