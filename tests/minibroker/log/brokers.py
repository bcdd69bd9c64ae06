"""A cluster without a world: a clock whose timers the test lets come due, and short ways to ask."""

from dataclasses import replace

from minibroker.log.cluster import Cluster
from minibroker.log.errors import Code, LogError
from minibroker.log.partition import Produced
from minibroker.log.pending import Pending
from minibroker.log.records import Record, batch
from minibroker.log.terms import wall_ms
from minibroker.sim.trace import Trace
from tests.minibroker.queues.due import Due

TOPIC = "orders"


class Brokers(Due):
    """A cluster with one topic of one partition, unless it is told otherwise."""

    def __init__(self, brokers=1, *, partitions=1, replicas=None, **config):
        super().__init__()
        self.trace = Trace()
        self.cluster = Cluster(self.clock, self.trace, self.at, brokers=brokers)
        self.transactions = self.cluster.transactions
        self.cluster.create_topic(
            TOPIC,
            partitions,
            replicas or brokers,
            {name.replace("_", "."): str(value) for name, value in config.items()},
        )

    def records(self, *values):
        stamp = wall_ms(self.clock)
        return batch([Record(n, None, value, stamp) for n, value in enumerate(values)])

    def send(self, *values, acks=-1, partition=0, who="producer", **header) -> Pending[Produced]:
        """Produce these values in one batch; `header` are fields of it."""
        sent = replace(self.records(*values), **header)
        return self.cluster.produce(who, TOPIC, partition, sent, acks)

    def read(self, *, read_committed=False, partition=0, offset=None):
        """The values of all records that may be read now."""
        cluster = self.cluster
        if offset is None:
            offset = cluster.offset_for(TOPIC, partition, -2)[0]
        found = cluster.records(
            TOPIC, partition, offset, read_committed=read_committed, most=10_000
        )[0]
        return [record.value for _, record in found]

    def of(self, kind):
        return self.trace.of(kind)

    def info(self, partition=0):
        return self.cluster.describe(TOPIC)[partition]


class Producer:
    """A transactional producer as a client is one, with its sequence numbers."""

    def __init__(self, brokers: Brokers, name="shop", who="producer#1", **options):
        self.brokers, self.name, self.who = brokers, name, who
        self.id, self.epoch = brokers.transactions.init_producer(who, name, **options)
        self.sequences: dict[int, int] = {}

    def me(self):
        return self.who, self.name, self.id, self.epoch

    def adds(self, *partitions):
        self.brokers.transactions.add_partitions(
            *self.me(), [(TOPIC, partition) for partition in partitions]
        )

    def sends(self, *values, partition=0) -> Pending[Produced]:
        sequence = self.sequences.get(partition, 0)
        answer = self.brokers.send(
            *values,
            partition=partition,
            who=self.who,
            producer_id=self.id,
            producer_epoch=self.epoch,
            base_sequence=sequence,
            transactional=True,
        )
        self.sequences[partition] = sequence + len(values)
        return answer

    def ends(self, commit=True, **options):
        id, epoch = self.brokers.transactions.end(*self.me(), commit, **options)
        if (id, epoch) != (self.id, self.epoch):
            self.id, self.epoch, self.sequences = id, epoch, {}

    def transacts(self, *values, partition=0, commit=True):
        self.adds(partition)
        self.sends(*values, partition=partition)
        self.ends(commit)


def refusal(action) -> Code | None:
    """The code with which this is refused, be it at once or by its answer; None if it is not."""
    try:
        answer = action()
        if isinstance(answer, Pending):
            answer.get()
    except LogError as error:
        return error.code
    return None
