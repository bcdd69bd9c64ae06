"""What a broker keeps on disk, and when it may answer.

Rule: the engine tells the disk of each change (`minibroker.log.journal`), which takes note and
writes nothing. `flush` writes: the server calls it once for all that it has done in one turn, and
sends the answers of that turn when it returns. So many clients share one sync (group commit).

Theory. In a flush the journal comes first, then the partitions' files. What a transaction's end has
decided thus stands before the first of its control batches, which are in the journal's line as
well: if a crash comes between, they are appended when the directory is opened again, and no
transaction is committed in one partition and forgotten in another. A producer waits until its
records are kept before it asks for the end; of one that did not, they are written before the
journal. What retention gives up is in the journal before its files go. Compaction is the one that
changes files first: what the journal says of them afterwards would be wrong of those before, and
not the other way round.
"""

import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from uuid import UUID

from minibroker.log.cluster import At, Cluster
from minibroker.log.config import TopicConfig
from minibroker.log.log import Log
from minibroker.log.offsets import Committed
from minibroker.log.transaction import Place, Transaction
from minibroker.sim.clock import MILLISECOND, SECOND, Clock
from minibroker.storage import shapes, state
from minibroker.storage.errors import StorageError
from minibroker.storage.files import Files, Fsync
from minibroker.storage.journal_file import JournalFile
from minibroker.storage.partition_dir import PartitionDir, aside
from minibroker.storage.state import State

JOURNAL = "journal"

LARGE = 2**20
"""Bytes from which on a journal is written anew, when it has become four times as large as that
left it."""

LONGEST = 5 * MILLISECOND
"""How long a change waits for a flush that nobody asks for: one that needs no answer (``acks=0``)
or that a timer has made."""


class Disk:
    """See the module; `minibroker.storage.opening.open_cluster` makes one. It is the cluster's
    `minibroker.log.journal.Journal`."""

    def __init__(
        self, directory: Path, held: int, clock: Clock, at: At, fsync: Fsync, files: Files
    ) -> None:
        self.directory = directory
        self.cluster_id = ""
        self.opened = 0
        self.journal = JournalFile(directory / JOURNAL, files)
        self._held = held
        self._clock, self._at = clock, at
        self._fsync = fsync
        self._files = files
        self._cluster: Cluster | None = None
        self._dirs: dict[Place, PartitionDir] = {}
        self._changes: list[state.Change] = []
        self._transactions: dict[str, Transaction] = {}
        self._changed: dict[PartitionDir, None] = {}
        self._going: list[PartitionDir] = []
        self._timed = False
        self._due = False
        self._closed = False
        self._failed: StorageError | None = None

    # --- for the server --------------------------------------------------------------------

    @property
    def needs_flush(self) -> bool:
        """Whether anything has changed that an answer may tell of."""
        return bool(self._changes or self._transactions or self._changed or self._going)

    def flush(self) -> None:
        """Write what has changed, and wait for the disk if that is the policy. StorageError if it
        cannot be written; then no answer may leave any more, nor after any later call."""
        if self._failed is not None:
            raise self._failed
        if not self.needs_flush:
            return
        self._guarded(self._flush)

    def close(self) -> None:
        """Write and sync everything, and let others have the directory."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._failed is None:
                self._guarded(self._flush)
                self._guarded(self._files.sync)
        finally:
            self._files.close()
            os.close(self._held)

    def abandon(self) -> None:
        """Let others have the directory; write nothing more."""
        self._closed = True
        self._files.close()
        os.close(self._held)

    # --- for who opens ---------------------------------------------------------------------

    def partition(self, topic: str, topic_id: UUID, number: int) -> PartitionDir:
        """The directory of a partition, which need not be there."""
        found = self._dirs[topic, number] = PartitionDir(
            self.directory / f"{topic}-{number}",
            (topic, number),
            kafka_id(topic_id),
            self._files,
            self._note,
        )
        return found

    def begin(self, cluster: Cluster) -> None:
        """What `cluster` has now is all there is: the files are brought to that, and then the
        journal says so."""
        self._cluster = cluster
        self._changes.clear()
        self._transactions.clear()
        self._guarded(self._begin)

    def _begin(self) -> None:
        for each in self._dirs.values():
            each.write()
        self._changed.clear()
        self._files.sync()
        self._rewrite()
        self._files.sync()

    # --- what the engine tells -------------------------------------------------------------

    def keeper(self, topic: str, topic_id: UUID, number: int, log: Log) -> PartitionDir:
        """See `minibroker.log.journal.Journal`; so for all below."""
        found = self._dirs.get((topic, number)) or self.partition(topic, topic_id, number)
        found.log = log
        self._note(found)
        return found

    def topic(self, name: str, topic_id: UUID, partitions: int, config: TopicConfig) -> None:
        """A topic was made, has grown or is configured anew."""
        self._change(state.topic(name, topic_id, partitions, config))

    def topic_deleted(self, name: str) -> None:
        """A topic is gone."""
        self._change(state.topic_deleted(name))
        for place in [place for place in self._dirs if place[0] == name]:
            going = self._dirs.pop(place)
            self._changed.pop(going, None)
            self._going.append(going)

    def committed(
        self, group: str, offsets: Mapping[Place, Committed], now: int, producer_id: int
    ) -> None:
        """A group has another position, or may have."""
        self._change(state.committed(group, offsets, now, producer_id))

    def decided(self, producer_id: int, commit: bool) -> None:
        """A producer's transaction is over."""
        self._change(state.decided(producer_id, commit))

    def offsets_forgotten(self, group: str, partitions: Collection[Place]) -> None:
        """A group has no position in these."""
        self._change(state.offsets_forgotten(group, list(partitions)))

    def group_forgotten(self, group: str) -> None:
        """Nothing is left of a group."""
        self._change(state.group_forgotten(group))

    def transaction(self, transaction: Transaction) -> None:
        """What is kept of a transactional id is another. Only what it is at the end of the turn is
        written."""
        self._transactions[transaction.name] = transaction
        self._wait()

    def producer_ids(self, last: int) -> None:
        """Producer ids were given up to this one."""
        self._change(state.producers(last))

    def _note(self, changed: PartitionDir) -> None:
        self._changed[changed] = None
        self._wait()

    def _change(self, change: state.Change) -> None:
        self._changes.append(change)
        self._wait()

    def _wait(self) -> None:
        """Flush soon, though no answer should come to wait for it."""
        if not self._due:
            self._due = True
            self._at(self._clock.now + LONGEST, self._flush_at_last)

    def _flush_at_last(self) -> None:
        self._due = False
        if not self._closed and self._failed is None:
            self.flush()

    # --- writing ---------------------------------------------------------------------------

    def _flush(self) -> None:
        always = self._fsync == "always"
        early = [each.write_before_decision() for each in self._changed]
        if always and any(early):
            self._files.sync()
        self._write_journal(always)
        cleaned = [each for each in self._changed if each.cleaned_below]
        for each in cleaned:
            each.clean()
        settled = [each for each in self._changed if each.new_start or each in cleaned]
        if settled:
            if cleaned:
                self._files.sync()
            self.journal.append([self._settled(each) for each in settled])
            if always:
                self._files.sync()
        self._remove()
        for each in self._changed:
            each.write()
        self._changed.clear()
        if always:
            self._files.sync()
        if self.journal.size > max(LARGE, 4 * self.journal.least):
            if self._fsync != "never":
                self._files.sync()  # it will not tell of control batches any more
            self._rewrite()
        if self._fsync == "interval" and not self._timed and not self._closed:
            self._timed = True
            self._at(self._clock.now + SECOND, self._sync)

    def _write_journal(self, always: bool) -> None:
        changes, self._changes = self._changes, []
        changes += [state.transaction(each) for each in self._transactions.values()]
        self._transactions.clear()
        for each in self._changed:
            for batch in each.markers():
                changes.append(state.marker(each.place, shapes.of_marker(batch)))
        if changes:
            self.journal.append(changes)
            if always:
                self._files.sync()

    @staticmethod
    def _settled(each: PartitionDir) -> state.Change:
        assert each.log is not None
        return state.log(each.place, each.log.settled())

    def _remove(self) -> None:
        for each in self._going:
            self._files.forget_under(each.path)
            if each.path.exists():
                shutil.rmtree(aside(each.path, "delete"))
        self._going.clear()

    def _rewrite(self) -> None:
        assert self._cluster is not None
        now = State.of(self._cluster, self.cluster_id, self.opened)
        self.journal.rewrite(now.changes())

    def _sync(self) -> None:
        self._timed = False
        if not self._closed and self._failed is None:
            self._guarded(self._files.sync)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except StorageError as error:
            self._failed = error
            raise
        except OSError as error:
            self._failed = StorageError(
                f"{self.directory} cannot be written: {error}; the broker must stop"
            )
            raise self._failed from error


def kafka_id(id: UUID) -> str:
    """As Kafka writes one: 22 characters of base64."""
    return urlsafe_b64encode(id.bytes).rstrip(b"=").decode()
