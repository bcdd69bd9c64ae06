"""What a channel has done since tx.select or the last end of a transaction (AMQP 0-9-1, class tx;
RabbitMQ, "Broker Semantics", When Transactions Are Atomic).

Publishing and settling wait for tx.commit. A delivery that is settled here is so for the channel
at once, and is its own again after tx.rollback.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Transaction:
    """`publishes` say whether the message was taken. `settled` are delivery tags."""

    publishes: list[Callable[[], bool]] = field(default_factory=list)
    settles: list[Callable[[], None]] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)

    def commit(self) -> bool:
        """Do it all. False when a message was not taken."""
        taken = [publish() for publish in self.publishes]
        for settle in self.settles:
            settle()
        return all(taken)
