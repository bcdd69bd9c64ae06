"""A partition: its replicas' logs, who leads, who is in sync, and which produce requests wait.

Rule: state and what follows from it at once. Who leads when is decided by
`minibroker.log.election`, what happens over time by `minibroker.log.replication`.

Theory. The leader appends; an offset below the *high watermark* is in the log of every replica in
sync (ISR), so whoever of them leads next has it (Kafka, "Design", Replication). The leader knows of
its followers' logs only what their last fetch said: `known_end`. The high watermark does not move
while fewer than ``min.insync.replicas`` are in sync (KIP-966), so those that dropped out when they
were too few still have all that is below it: they are *eligible to lead* (ELR).
"""

from dataclasses import dataclass

from minibroker.log.batch import Codec
from minibroker.log.config import TopicConfig
from minibroker.log.errors import Code, LogError
from minibroker.log.log import Log
from minibroker.log.pending import Pending
from minibroker.log.topic import PartitionInfo

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Produced:
    """The answer to a produce request: the offset of the batch's first record, the timestamp in
    milliseconds that the broker gave its records (-1 if they keep their own), and the log's start
    offset. With ``acks=0`` the client learns nothing, and all are -1."""

    base_offset: int
    timestamp_ms: int
    log_start: int


UNKNOWN = Produced(-1, -1, -1)


@dataclass(slots=True, eq=False)
class Waiting:
    """A produce request that the broker `leader` has taken in `epoch` and that waits, until
    `deadline` (microseconds) if it has one, for the high watermark to reach `required`."""

    required: int
    leader: int
    epoch: int
    deadline: int | None
    answer: Pending[Produced]
    produced: Produced


class Partition:
    """See the module's docstring. `log` is the leader's, None while nobody leads, and
    `epoch_start` was its end when it was elected; `numbers` are the
    trace's numbers of the records, by the leader epoch in which they were appended and their
    offset, since two replicas may have other records at the same offset for a while."""

    __slots__ = (
        "checked",
        "config",
        "deadline",
        "elr",
        "epoch",
        "epoch_start",
        "fetching",
        "isr",
        "known_end",
        "leader",
        "log",
        "logs",
        "number",
        "numbers",
        "replicas",
        "topic",
        "waiting",
    )

    def __init__(
        self, topic: str, number: int, replicas: list[int], codec: Codec, config: TopicConfig
    ) -> None:
        self.topic = topic
        self.number = number
        self.replicas = replicas
        self.config = config
        self.logs = {broker: Log(codec, config) for broker in replicas}
        self.isr: list[int] = []
        self.elr: list[int] = []
        self.leader = NOBODY
        self.epoch = 0
        self.epoch_start = 0
        self.log: Log | None = None
        self.numbers: dict[int, dict[int, int]] = {}
        self.known_end: dict[int, int] = {}
        self.fetching: set[int] = set()
        self.waiting: list[Waiting] = []
        self.deadline: int | None = None
        self.checked = 0

    def info(self) -> PartitionInfo:
        """As described in metadata."""
        return PartitionInfo(
            self.number,
            self.leader,
            self.epoch,
            tuple(self.replicas),
            tuple(self.isr),
            tuple(self.elr),
        )

    def led(self) -> Log:
        """The leader's log; LogError LEADER_NOT_AVAILABLE while nobody leads."""
        if self.log is None:
            raise LogError(
                Code.LEADER_NOT_AVAILABLE,
                f"no broker leads partition {self.number} of {self.topic!r} now; try again",
            )
        return self.log

    @property
    def least_in_sync(self) -> int:
        """``min.insync.replicas``, but no more than there are replicas (KIP-966)."""
        return min(self.config.min_insync_replicas, len(self.replicas))

    def number_at(self, offset: int) -> int:
        """The trace's number of the record that the leader's log, or that of the first replica if
        nobody leads, has at this offset; 0 if it has none."""
        if len(self.numbers) == 1:
            (only,) = self.numbers.values()
            return only.get(offset, 0)
        log = self.log or self.logs[self.replicas[0]]
        if not log.start <= offset < log.end:
            return 0
        found = log.read(offset, 1, offset + 1)
        return self.numbers.get(found[0].leader_epoch, {}).get(offset, 0) if found else 0

    def commit(self) -> bool:
        """Move the high watermark as far as the replicas in sync are known to be; gives whether it
        moved. Requests that waited for it are for `answer`."""
        log = self.log
        if log is None or len(self.isr) < self.least_in_sync:
            return False
        to = log.end
        for broker in self.isr:
            if broker != self.leader:
                to = min(to, self.known_end.get(broker, 0))
        return log.advance_high_watermark(to)

    def reached(self) -> list[Waiting]:
        """Take out the requests for whose records the high watermark is high enough."""
        if not self.waiting or self.log is None:
            return []
        reached = self.log.high_watermark
        done = [w for w in self.waiting if w.epoch == self.epoch and w.required <= reached]
        if done:
            self.waiting = [w for w in self.waiting if w not in done]
        return done
