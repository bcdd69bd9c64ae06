"""What a broker of queues keeps on disk: one journal.

Rule: as `minibroker.storage.disk`. The engine tells of each change (`minibroker.queues.keeper`),
which is noted; `flush` writes. A server calls it before it confirms a message, and before it sends
whatever else tells a client that something is done.

Theory. All that happens in one turn is one line, there as a whole or not at all. A copy that is
passed on to a dead-letter exchange arrives there before it is gone here, in the same line, so a
crash neither loses nor doubles it. When the journal is four times as long as what it says needs to
be, it is written anew.
"""

import logging
import os
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from pathlib import Path

from minibroker.queues.broker import Broker
from minibroker.queues.exchange import Exchange, Target
from minibroker.queues.flow import At
from minibroker.queues.message import Copy
from minibroker.queues.queue import Queue
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import Trace
from minibroker.sim.values import Value
from minibroker.storage import queue_changes as said
from minibroker.storage.errors import StorageError
from minibroker.storage.files import Files, Fsync
from minibroker.storage.journal_file import JournalFile
from minibroker.storage.lock import locked
from minibroker.storage.state import Change

LARGE = 4 * 1024 * 1024
"""Bytes under which a journal is not worth writing anew."""

LONGEST = SECOND // 20
"""Nothing waits longer to be written, though no answer should depend on it."""

_told = logging.getLogger("minibroker.storage")


class QueueDisk:
    """See the module; `open_queues` makes one."""

    def __init__(
        self,
        directory: Path,
        held: int,
        clock: Clock,
        at: At,
        fsync: Fsync,
    ) -> None:
        self.directory = directory
        self.failed: StorageError | None = None
        self._held = held
        self._clock, self._at = clock, at
        self._fsync = fsync
        self._files = Files()
        self._journal = JournalFile(directory / "queues.journal", self._files)
        self._broker: Broker | None = None
        self._changes: list[Change] = []
        self._live: dict[int, tuple[str, Copy]] = {}
        self._last_id = 0
        self._due = self._timed = self._closed = False

    # --- for the server ------------------------------------------------------------------

    @property
    def needs_flush(self) -> bool:
        """Whether anything has changed that an answer may tell of."""
        return bool(self._changes)

    def flush(self) -> None:
        """Write what has changed, and wait for the disk if that is the policy. StorageError if it
        cannot be written; then nothing may be confirmed any more, nor after any later call."""
        if self.failed is not None:
            raise self.failed
        if self._changes:
            self._guarded(self._flush)

    def close(self) -> None:
        """Write and sync everything, and let others have the directory."""
        if self._closed:
            return
        self._closed = True
        try:
            if self.failed is None:
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

    # --- told by the engine (Keeper) -----------------------------------------------------

    def queue_made(self, queue: Queue) -> None:
        """A durable queue is there."""
        self._change(said.queue_made(queue))

    def queue_gone(self, name: str) -> None:
        """And gone."""
        self._change(said.queue_gone(name))
        # Its unacked copies are never settled: their channels may not know yet.
        for id in [id for id, (queue, _) in self._live.items() if queue == name]:
            del self._live[id]

    def exchange_made(self, exchange: Exchange) -> None:
        """A durable exchange is there."""
        self._change(said.exchange_made(exchange))

    def exchange_gone(self, name: str) -> None:
        """And gone."""
        self._change(said.exchange_gone(name))

    def bound(
        self, target: Target, source: str, routing_key: str, arguments: Mapping[str, Value]
    ) -> None:
        """A binding that lasts."""
        self._change(said.bound(target, source, routing_key, arguments))

    def unbound(
        self, target: Target, source: str, routing_key: str, arguments: Mapping[str, Value]
    ) -> None:
        """No more."""
        self._change(said.unbound(target, source, routing_key, arguments))

    def arrived(self, queue: Queue, copy: Copy) -> int:
        """A copy to be kept."""
        self._last_id += 1
        self._live[self._last_id] = (queue.name, copy)
        self._change(said.arrived(self._last_id, queue.name, copy))
        return self._last_id

    def counted(self, copy: Copy) -> None:
        """Handed out, or failed, once more."""
        self._change(said.counted(copy))

    def gone(self, copy: Copy) -> None:
        """For good."""
        if self._live.pop(copy.kept, None) is not None:
            self._change(said.gone(copy.kept))

    # --- opening -------------------------------------------------------------------------

    def begin(self, broker: Broker, trace: Trace) -> None:
        """Bring back into `broker`, which is empty, what the journal tells of."""
        self._guarded(lambda: self._begin(broker, trace))

    def _begin(self, broker: Broker, trace: Trace) -> None:
        read = said.replayed(broker, self._journal.read())
        for sentence in read.trouble:
            _told.error("%s tells of what cannot be: %s", self._journal.path, sentence)
        self._broker = broker
        broker.keep(self)
        numbers: dict[int, int] = {}
        for kept in read.copies.values():
            self._last_id += 1
            if kept.message.number not in numbers:
                numbers[kept.message.number] = trace.new_message()
            message = replace(kept.message, number=numbers[kept.message.number])
            copy = broker.restore(replace(kept, id=self._last_id, message=message))
            self._live[self._last_id] = (kept.queue, copy)
        self._rewrite()
        broker.restored()
        self._flush()
        self._files.sync()

    # --- writing -------------------------------------------------------------------------

    def _change(self, change: Change) -> None:
        self._changes.append(change)
        if not self._due:
            self._due = True
            self._at(self._clock.now + LONGEST, self._flush_at_last)

    def _flush_at_last(self) -> None:
        self._due = False
        if not self._closed and self.failed is None:
            self.flush()

    def _flush(self) -> None:
        changes, self._changes = self._changes, []
        if not changes:
            return
        self._journal.append(changes)
        if self._fsync == "always":
            self._files.sync()
        elif self._fsync == "interval" and not self._timed and not self._closed:
            self._timed = True
            self._at(self._clock.now + SECOND, self._sync)
        if self._journal.size > max(LARGE, 4 * self._journal.least):
            self._rewrite()

    def _rewrite(self) -> None:
        assert self._broker is not None
        copies = self._live.values()
        self._journal.rewrite(said.all_of(self._broker, copies))

    def _sync(self) -> None:
        self._timed = False
        if not self._closed and self.failed is None:
            self._guarded(self._files.sync)

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except StorageError as error:
            self.failed = error
            raise
        except OSError as error:
            self.failed = StorageError(
                f"{self.directory} cannot be written: {error}; the broker must stop"
            )
            raise self.failed from error


def open_queues(
    directory: Path,
    clock: Clock,
    trace: Trace,
    at: At,
    *,
    fsync: Fsync = "always",
    new_suffix: Callable[[], str] | None = None,
    permit: Container[str] | None = None,
) -> tuple[Broker, QueueDisk]:
    """The broker whose durable queues were kept in `directory`, or an empty one, which is kept
    there from now on. `clock` must go with the clock on the wall, so that what expires does so
    after a restart. `new_suffix` and `permit` are the `Broker`'s; for `fsync` see
    `minibroker.storage.files.Fsync`. StorageError in one sentence: another server has the
    directory, or it cannot be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        held = locked(directory)
    except OSError as error:
        raise StorageError(f"{directory} cannot be used: {error.strerror}") from error
    disk = QueueDisk(directory, held, clock, at, fsync)
    broker = Broker(clock, trace, at, new_suffix, permit)
    try:
        disk.begin(broker, trace)
    except BaseException:
        disk.abandon()
        raise
    return broker, disk
