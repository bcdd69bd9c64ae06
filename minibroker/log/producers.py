"""What a partition remembers of each producer: its epoch, its last batches, its open transaction.

Rule: whether a batch of a producer with an id may be appended is decided here and nowhere else.
This file does not know where batches are kept.

Theory. A producer numbers its records for a partition, from 0 in each of its epochs. The leader
takes a batch only if it goes on where the last one ended, so a batch that was lost on the way is
noticed, and if one comes again that was appended already, the producer is told so and nothing is
appended (KIP-98, "Idempotent Producer Guarantees"). Five batches are remembered, as many as a
client has in flight. A higher epoch starts a new numbering and fences all lower ones. A
transactional batch opens a transaction of its producer; the control batch that the transaction
coordinator writes ends it, and its epoch counts as the producer's (KIP-890 has it one higher, which
fences what was still on its way). `check` changes nothing; `record` changes the state by a batch
that was appended, and followers and a log that is truncated call it alone.
"""

from collections import deque

from minibroker.log.batch import Batch
from minibroker.log.errors import Code, LogError

REMEMBERED = 5
"""Batches a producer (Kafka's ProducerStateEntry; max.in.flight.requests.per.connection)."""

EXPIRATION_MS = 86_400_000
"""How long a producer is remembered that writes no more (``producer.id.expiration.ms``)."""

NO_SEQUENCE = -1


class Duplicate(LogError):
    """The batch was appended already, as `batch`; the producer is answered as if it were now."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(
            Code.DUPLICATE_SEQUENCE_NUMBER,
            f"the batch was appended already at offset {batch.base_offset}",
        )
        self.batch = batch


class Producer:
    """One producer's state. `last_sequence` is -1 when its epoch has none yet, `last_timestamp` is
    that of its last batch."""

    __slots__ = ("epoch", "last_sequence", "last_timestamp", "recent")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.last_sequence = NO_SEQUENCE
        self.last_timestamp = -1
        self.recent: deque[Batch] = deque(maxlen=REMEMBERED)

    def copy(self) -> "Producer":
        """Another that goes its own way."""
        twin = Producer(self.epoch)
        twin.last_sequence, twin.last_timestamp = self.last_sequence, self.last_timestamp
        twin.recent = self.recent.copy()
        return twin


class Producers:
    """The producers of one partition, by id; `open` are those with an open transaction and its
    first offset, earliest first."""

    __slots__ = ("known", "open")

    def __init__(self) -> None:
        self.known: dict[int, Producer] = {}
        self.open: dict[int, int] = {}

    def check(self, batch: Batch) -> None:
        """Whether the leader may append it: `Duplicate`, or LogError INVALID_PRODUCER_EPOCH,
        OUT_OF_ORDER_SEQUENCE_NUMBER or INVALID_TXN_STATE.

        A producer that is not known may start with any sequence: what it was known by may have
        been deleted (KIP-360).
        """
        producer = self.known.get(batch.producer_id)
        if producer is None:
            return
        epoch, sequence = batch.producer_epoch, batch.base_sequence
        if batch.control is not None:
            if epoch < producer.epoch:
                raise _fenced(batch, producer)
            return
        if epoch == producer.epoch:
            if sequence != producer.last_sequence + 1 and not (
                sequence == 0 and producer.last_sequence == 2**31 - 1
            ):
                for earlier in producer.recent:
                    if (
                        earlier.base_sequence == sequence
                        and earlier.last_sequence == batch.last_sequence
                    ):
                        raise Duplicate(earlier)
                raise LogError(
                    Code.OUT_OF_ORDER_SEQUENCE_NUMBER,
                    f"producer {batch.producer_id} sent sequence {sequence} where "
                    f"{(producer.last_sequence + 1) % 2**31} comes next",
                )
        elif epoch < producer.epoch:
            raise _fenced(batch, producer)
        elif sequence != 0:
            raise LogError(
                Code.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"producer {batch.producer_id} began its epoch {epoch} with sequence {sequence}; "
                "a new epoch starts at 0",
            )
        if not batch.transactional and batch.producer_id in self.open:
            raise LogError(
                Code.INVALID_TXN_STATE,
                f"producer {batch.producer_id} has an open transaction and sent a batch that is "
                "not part of it",
            )

    def record(self, batch: Batch) -> int | None:
        """Take in a batch of a producer with an id that stands in the log. Gives the first offset
        of the transaction that it ended, if it ended one."""
        producer_id, epoch = batch.producer_id, batch.producer_epoch
        producer = self.known.get(producer_id)
        if producer is None:
            producer = self.known[producer_id] = Producer(epoch)
        elif producer.epoch != epoch:
            producer.epoch = epoch
            producer.last_sequence = NO_SEQUENCE
            producer.recent.clear()
        producer.last_timestamp = batch.max_timestamp
        if batch.control is not None:
            return self.open.pop(producer_id, None)
        producer.last_sequence = batch.last_sequence
        producer.recent.append(batch)
        if batch.transactional and producer_id not in self.open:
            self.open[producer_id] = batch.base_offset
        return None

    def expire(self, now_ms: int) -> None:
        """Forget who has written nothing for `EXPIRATION_MS` and has no open transaction."""
        for producer_id, producer in list(self.known.items()):
            if now_ms - producer.last_timestamp >= EXPIRATION_MS and producer_id not in self.open:
                del self.known[producer_id]

    def copy(self) -> "Producers":
        """Another that goes its own way."""
        twin = Producers()
        twin.known = {number: producer.copy() for number, producer in self.known.items()}
        twin.open = self.open.copy()
        return twin


def _fenced(batch: Batch, producer: Producer) -> LogError:
    return LogError(
        Code.INVALID_PRODUCER_EPOCH,
        f"producer {batch.producer_id} sent a batch of its epoch {batch.producer_epoch}, but a "
        f"newer one has epoch {producer.epoch}",
    )
