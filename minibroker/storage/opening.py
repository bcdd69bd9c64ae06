"""From a directory to a cluster that has what was kept there.

Rule: the one way in is `open_cluster`; whatever order things must be brought back in is here.

Theory. The partitions' batches tell most: what is readable, which producers wrote what, which
transactions are open. The journal tells the rest. Where the two disagree a crash came between them,
and the journal was first: control batches that it tells of and the partition does not have are
appended now. What a partition has and the journal should know was lost with the journal's end.
Then the journal is written anew, with the new leader epoch of each partition, and
from there on the broker goes on.
"""

import logging
import re
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from minibroker.log.cluster import At, Cluster, Kept
from minibroker.log.errors import LogError
from minibroker.log.settled import Settled
from minibroker.log.terms import wall_ms
from minibroker.log.transactions import MARKER_SIZE
from minibroker.sim.clock import Clock
from minibroker.sim.trace import Trace
from minibroker.storage import shapes
from minibroker.storage.disk import Disk, kafka_id
from minibroker.storage.errors import StorageError
from minibroker.storage.files import Files, Fsync
from minibroker.storage.lock import locked
from minibroker.storage.partition_dir import aside
from minibroker.storage.state import State
from minibroker.wire.kafka.batches import BYTES

IDS_OF_A_RUN = 2**32
"""Members of groups that may join before the directory is opened again."""

_PARTITION = re.compile(r"(.+)-(\d+)")

_told = logging.getLogger("minibroker.storage")


def open_cluster(
    directory: Path,
    clock: Clock,
    trace: Trace,
    at: At,
    *,
    fsync: Fsync = "always",
    brokers: int = 1,
    prepare: Callable[[Cluster], None] = lambda cluster: None,
) -> tuple[Cluster, Disk]:
    """The cluster that was kept in `directory`, or an empty one, which is kept there from now on.

    `clock` must go with the clock on the wall, so that what expires does so after a restart. For
    `fsync` see `minibroker.storage.files.Fsync`. `prepare` is called with the cluster while it is
    still empty, for what must be set before there is a group. StorageError in one sentence: another
    server has the directory, it cannot be written, or there is more than one broker.
    """
    if brokers != 1:
        raise StorageError(
            f"only one broker can keep its data in a directory, not {brokers}; leave out the "
            "brokers or the directory"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        held = locked(directory)
    except OSError as error:
        raise StorageError(f"{directory} cannot be used: {error}") from error
    files = Files()
    disk = Disk(directory, held, clock, at, fsync, files)
    try:
        cluster = Cluster(clock, trace, at, codec=BYTES, new_id=uuid.uuid4, journal=disk)
        prepare(cluster)
        _recover(cluster, disk, clock)
    except BaseException:
        disk.abandon()
        raise
    return cluster, disk


def _recover(cluster: Cluster, disk: Disk, clock: Clock) -> None:
    state = State()
    for change in disk.journal.read():
        state.apply(change)
    disk.cluster_id = state.cluster_id or kafka_id(uuid.uuid4())
    disk.opened = state.opened + 1
    _tidy(disk.directory, state)
    highest = state.producer_ids
    for name, topic in state.topics.items():
        logs: list[Kept] = []
        for number in range(topic.partitions):
            settled = state.logs.get((name, number)) or Settled()
            logs.append((settled, disk.partition(name, topic.id, number).read(settled)))
        cluster.restore_topic(name, topic.id, topic.config, logs)
        for number in range(topic.partitions):
            highest = max(highest, *cluster.log(name, number).producers.known, 0)
    for known in state.transactions.values():
        highest = max(highest, known.producer_id)
    cluster.groups.restore(state.groups, disk.opened * IDS_OF_A_RUN)
    cluster.transactions.restore(state.transactions.values(), highest)
    _mark(cluster, state, clock)
    cluster.transactions.go_on()
    _abort_unknown(cluster, clock)
    disk.begin(cluster)


def _mark(cluster: Cluster, state: State, clock: Clock) -> None:
    """Append the control batches that the journal tells of and the partitions do not have."""
    for (topic, number), shape in state.markers:
        if topic not in state.topics or number >= state.topics[topic].partitions:
            continue
        log = cluster.log(topic, number)
        if log.end <= shape["offset"]:
            with suppress(LogError):  # a newer producer wrote there: nothing of this one is open
                epoch = cluster.leader_epoch(topic, number)
                log.append(shapes.marker(shape), epoch, wall_ms(clock))
                log.advance_high_watermark(log.end)


def _abort_unknown(cluster: Cluster, clock: Clock) -> None:
    """Abort what is open in a partition and not with the coordinator, whose journal a power cut or
    damage has set back further: nobody else would ever end it, and readers would wait for ever."""
    transactions = cluster.transactions
    known = [transactions.describe(name) for name in transactions.names()]
    for topic in cluster.topics():
        for number in range(cluster.partitions(topic)):
            log, place = cluster.log(topic, number), (topic, number)
            theirs = {
                each.producer_id
                for each in known
                if place in each.partitions or place in each.unmarked
            }
            for producer_id in [id for id in log.open_transactions() if id not in theirs]:
                _told.warning(
                    "producer %d has an open transaction in %s-%d that the coordinator does not"
                    " know: it is aborted",
                    producer_id, topic, number,
                )  # fmt: skip
                shape = {
                    "producer": producer_id,
                    "epoch": log.producers.known[producer_id].epoch,
                    "at": wall_ms(clock),
                    "end": "abort",
                    "size": MARKER_SIZE,
                }
                log.append(
                    shapes.marker(shape), cluster.leader_epoch(topic, number), wall_ms(clock)
                )
                log.advance_high_watermark(log.end)


def _tidy(directory: Path, state: State) -> None:
    """Remove what deleted topics have left; what nobody knows stays, under another name."""
    known = {
        f"{name}-{number}"
        for name, topic in state.topics.items()
        for number in range(topic.partitions)
    }
    for path in sorted(directory.iterdir()):
        if not path.is_dir() or path.name in known or path.name.endswith("-stray"):
            continue
        if path.name.endswith("-delete"):
            shutil.rmtree(path)
        elif _PARTITION.fullmatch(path.name) and (path / "partition.metadata").exists():
            metadata = (path / "partition.metadata").read_text(errors="replace")
            if any(kafka_id(id) in metadata for id in state.deleted):
                shutil.rmtree(path)
            else:
                renamed = aside(path, "stray")
                _told.error("%s is of no topic in the journal and is now %s", path, renamed.name)
