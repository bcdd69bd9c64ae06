"""A directory that is opened, left without a word and opened again, and batches as bytes."""

from minibroker.log.cluster import Cluster
from minibroker.log.records import Record
from minibroker.log.terms import wall_ms
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Trace
from minibroker.storage import Disk, open_cluster
from minibroker.storage.state import State
from minibroker.wire.kafka.batches import BYTES, opened, written
from tests.minibroker.queues.due import Due
from tests.minibroker.storage.bytes import as_bytes


class Server:
    """What a server does with a directory. `dies` leaves it as a `kill -9` does: what was flushed
    is there, and nothing else."""

    codec = BYTES
    as_written = staticmethod(written)

    def __init__(self, directory, **options):
        self.directory, self.options = directory, options
        self.now = 0
        self.disk: Disk | None = None
        self.starts()

    def starts(self):
        self.due = Due(self.now)
        self.clock: Clock = self.due.clock
        made = open_cluster(self.directory, self.clock, Trace(), self.due.at, **self.options)
        self.cluster: Cluster = made[0]
        self.disk = made[1]
        self.transactions = self.cluster.transactions
        return self

    def dies(self):
        self.now = self.clock.now
        self.disk.abandon()
        return self

    def restarts(self):
        return self.dies().starts()

    def send(self, *values, topic="orders", partition=0, key=None, acks=-1, **header):
        stamp = wall_ms(self.clock)
        records = [
            Record(n, None if key is None else key.encode(), _bytes(value), stamp)
            for n, value in enumerate(values)
        ]
        batch = opened(as_bytes(records, **header))
        return self.cluster.produce("producer", topic, partition, batch, acks)

    def written(self, topic="orders", partition=0):
        """The log as bytes."""
        log = self.cluster.log(topic, partition)
        return [written(batch) for _, batches in log.segments() for batch in batches]

    def file(self, base=0, topic="orders", partition=0):
        return self.directory / f"{topic}-{partition}" / f"{base:020}.log"

    def state(self):
        """All that is to be the same after a restart, but for what a restart raises."""
        state = State.of(self.cluster, self.disk.cluster_id, 0)
        for settled in state.logs.values():
            settled.epochs = []
        return list(state.changes())


def _bytes(value):
    return value if value is None or isinstance(value, bytes) else value.encode()
