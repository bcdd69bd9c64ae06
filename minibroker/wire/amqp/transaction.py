"""What a channel has done since tx.select or the last end of a transaction (AMQP 0-9-1, class tx;
RabbitMQ, "Broker Semantics", When Transactions Are Atomic).

Publishing and settling wait for tx.commit. A delivery that is settled here is so for the channel
at once, and is its own again after tx.rollback.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from minibroker.queues.cluster import when_taken
from minibroker.queues.publishing import Receipt


@dataclass(slots=True)
class Transaction:
    """`publishes` say what became of the message. `settled` are delivery tags."""

    publishes: list[Callable[[], Receipt]] = field(default_factory=list)
    settles: list[Callable[[], None]] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)

    def commit(self, done: Callable[[], None]) -> bool:
        """Do it all; `done` is called when it is. False, and it never is, when a message was not
        taken."""
        receipts = [publish() for publish in self.publishes]
        for settle in self.settles:
            settle()
        taken = all(receipt.accepted for receipt in receipts)
        if taken:
            when_taken([each.pending for each in receipts if each.pending is not None], done)
        return taken
