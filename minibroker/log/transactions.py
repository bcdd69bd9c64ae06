"""The transaction coordinator: who may write under a transactional id, and how transactions end.

Rule: whatever moves a transaction is in this file; what is kept of one, and which move may follow
which, is in `minibroker.log.transaction`. Partitions are known by name only; what writes control
batches to them is passed in.

Theory. A transactional id stands for one producer at a time, which has a producer id and an epoch.
Whoever asks for them last gets a higher epoch, and with it all earlier ones are *fenced*: the
coordinator refuses them, and so does every partition that knows the new epoch (KIP-98, "Transaction
Coordinator"). A transaction is *Ongoing* from the first partition that is added to it. Its end is
decided when the coordinator writes it down, *PrepareCommit* or *PrepareAbort*; from then on nothing
can change it. Then a control batch goes to each partition, and when all have theirs the transaction
is *Complete* and another may begin. One that is not ended in time is aborted, and its producer
fenced, since nobody can read past its first record meanwhile.

Every partition must be added before it is written to. A batch for one that was not, from a producer
whose transaction has ended meanwhile, would stay open for ever, and is refused (KIP-890, part 1).
With transaction version 2 the epoch is raised at each end, so that a batch which is late from the
transaction before cannot slip into the next; so what is written to is added by that alone (KIP-890,
part 2).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from minibroker.log.batch import NO_PRODUCER, Batch
from minibroker.log.errors import Code, LogError
from minibroker.log.groups import Committed, Groups
from minibroker.log.journal import UNKEPT, Journal
from minibroker.log.pending import Pending
from minibroker.log.terms import wall_ms
from minibroker.log.transaction import Place, Transaction
from minibroker.sim.clock import SECOND, Clock
from minibroker.sim.trace import Fenced, Trace, TransactionBegan, TransactionEnded

DEFAULT_TIMEOUT = 60 * SECOND
LONGEST_TIMEOUT = 900 * SECOND
"""``transaction.max.timeout.ms`` of the broker."""

LAST_EPOCH = 2**15 - 2
"""The last that a producer is given: an epoch has 16 bits, and one must be left to fence with. Then
another producer id comes (Kafka's TransactionMetadata)."""

MARKER_SIZE = 78
"""Bytes of a batch with one control record."""


class Transactions:
    """All transactions of one cluster. `mark` appends a control batch to a partition, and answers
    when its replicas have it; `exists` says whether there is such a partition; `groups` keep
    offsets; `available` says whether any broker runs, and if none does every request is refused
    with LogError COORDINATOR_NOT_AVAILABLE."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        at: Callable[[int, Callable[[], None]], None],
        mark: Callable[[Place, Batch], Pending[Any]],
        exists: Callable[[Place], bool],
        groups: Groups,
        available: Callable[[], bool],
        journal: Journal = UNKEPT,
    ) -> None:
        self._clock = clock
        self._trace = trace
        self._at = at
        self._mark = mark
        self._exists = exists
        self._groups = groups
        self._available = available
        self._journal = journal
        self._all: dict[str, Transaction] = {}
        self._names: dict[int, str] = {}
        self._ids = 0

    # --- requests --------------------------------------------------------------------------

    def init_producer(
        self,
        who: str,
        transactional_id: str = "",
        timeout_us: int = DEFAULT_TIMEOUT,
        producer_id: int = NO_PRODUCER,
        epoch: int = -1,
    ) -> tuple[int, int]:
        """A producer id and an epoch (InitProducerId). With a transactional id what its former
        producer left open is aborted, and that producer is fenced.

        A client that had an id already names it (KIP-360). LogError INVALID_TRANSACTION_TIMEOUT,
        PRODUCER_FENCED, or CONCURRENT_TRANSACTIONS while the last transaction is still being
        ended: try again.
        """
        self._check_available()
        if not transactional_id:
            return self._new_id(), 0
        if not 0 < timeout_us <= LONGEST_TIMEOUT:
            raise LogError(
                Code.INVALID_TRANSACTION_TIMEOUT,
                f"a transaction may take up to {LONGEST_TIMEOUT // 1000} ms "
                f"(transaction.max.timeout.ms), not {timeout_us // 1000}",
            )
        known = self._all.get(transactional_id)
        if known is None:
            known = Transaction(transactional_id, self._new_id(), 0, timeout_us)
            self._all[transactional_id] = known
            self._names[known.producer_id] = transactional_id
            self._journal.transaction(known)
            return known.producer_id, 0
        if producer_id != NO_PRODUCER and (producer_id, epoch) != (known.producer_id, known.epoch):
            if known.state == "Empty" and known.before == (producer_id, epoch):
                return known.producer_id, known.epoch  # it asks again
            raise self._fenced(who, "init", known, epoch)
        if known.state == "Ongoing":
            known.epoch += 1
            self._end(who, known, commit=False, why="fenced")
        self._check_ended(known)
        known.before = (known.producer_id, known.epoch) if producer_id != NO_PRODUCER else None
        known.epoch += 1
        self._rotate(known)
        known.timeout = timeout_us
        known.move("Empty")
        self._journal.transaction(known)
        return known.producer_id, known.epoch

    def add_partitions(
        self,
        who: str,
        transactional_id: str,
        producer_id: int,
        epoch: int,
        partitions: Sequence[Place],
    ) -> None:
        """These partitions will be written to in the transaction (AddPartitionsToTxn). LogError
        INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS or
        UNKNOWN_TOPIC_OR_PARTITION; then none is added."""
        known = self._checked(who, "add partitions", transactional_id, producer_id, epoch)
        self._check_ended(known)
        for place in partitions:
            if not self._exists(place):
                raise LogError(
                    Code.UNKNOWN_TOPIC_OR_PARTITION,
                    f"there is no partition {place[1]} of a topic {place[0]!r}",
                )
        self._go_on(who, known)
        known.partitions.update(dict.fromkeys(partitions))
        self._journal.transaction(known)

    def add_offsets(
        self, who: str, transactional_id: str, producer_id: int, epoch: int, group: str
    ) -> None:
        """Offsets of this group will be committed in the transaction (AddOffsetsToTxn)."""
        known = self._checked(who, "add offsets", transactional_id, producer_id, epoch)
        self._check_ended(known)
        self._go_on(who, known)
        known.groups[group] = None
        self._journal.transaction(known)

    def commit_offsets(
        self,
        who: str,
        transactional_id: str,
        producer_id: int,
        epoch: int,
        group: str,
        offsets: Mapping[Place, Committed],
        *,
        member_id: str = "",
        generation: int = -1,
        instance_id: str | None = None,
        add: bool = False,
    ) -> None:
        """Commit a group's offsets with the transaction (TxnOffsetCommit): they count if and when
        it commits. The member and its generation are checked if they are given, so a zombie of the
        group is fenced as well (KIP-447). `add` is that of `check`."""
        self._check_available()
        try:
            self.check(producer_id, epoch, transactional_id, group, who if add else None)
        except LogError as error:
            if error.code is Code.INVALID_PRODUCER_EPOCH:
                self._turned_away(who, "commit", error)
            raise
        self._groups.commit_in_transaction(
            who,
            group,
            offsets,
            producer_id=producer_id,
            epoch=epoch,
            transactional_id=transactional_id,
            member_id=member_id,
            generation=generation,
            instance_id=instance_id,
        )

    def end(
        self,
        who: str,
        transactional_id: str,
        producer_id: int,
        epoch: int,
        commit: bool,
        *,
        bump: bool = False,
    ) -> tuple[int, int]:
        """Commit or abort (EndTxn), and give the producer id and the epoch to go on with. `bump`
        is what a client of transaction version 2 asks for (KIP-890): the epoch is raised.

        Asking again for an end that was decided so is no error. LogError
        INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, INVALID_TXN_STATE when there is nothing to end
        or it was decided otherwise, CONCURRENT_TRANSACTIONS while it is still being ended.
        """
        self._check_available()
        known = self._all.get(transactional_id)
        if bump and known is not None and known.before == (producer_id, epoch):
            self._check_ended(known)
            if known.state == ("CompleteCommit" if commit else "CompleteAbort"):
                return known.producer_id, known.epoch  # it asks again
        known = self._checked(who, "end", transactional_id, producer_id, epoch)
        if known.state == "Ongoing":
            if bump:
                known.before = (producer_id, epoch)
                known.epoch += 1
            self._end(who, known, commit, "asked")
            self._rotate(known)
        elif known.state in ("Empty", "CompleteCommit", "CompleteAbort") and bump and not commit:
            known.before = (producer_id, epoch)  # an abort of nothing raises the epoch all the same
            known.epoch += 1
            self._rotate(known)
            known.move("PrepareAbort")
            known.move("CompleteAbort")
        elif known.state != ("CompleteCommit" if commit else "CompleteAbort") or bump:
            if known.state == ("PrepareCommit" if commit else "PrepareAbort"):
                self._check_ended(known)
            raise LogError(
                Code.INVALID_TXN_STATE,
                f"there is no transaction of {transactional_id!r} to "
                f"{'commit' if commit else 'abort'}: it is {known.state}",
            )
        self._journal.transaction(known)
        return known.producer_id, known.epoch

    def check(
        self,
        producer_id: int,
        epoch: int,
        transactional_id: str,
        writes_to: Place | str,
        adds: str | None = None,
    ) -> None:
        """Whether a producer may write to a partition, or offsets of a group, in its transaction
        now. LogError INVALID_PRODUCER_ID_MAPPING, INVALID_PRODUCER_EPOCH, or INVALID_TXN_STATE if
        none is open or this was not added to it (KIP-890, part 1). `adds` is who writes by
        transaction version 2: it is added now, or CONCURRENT_TRANSACTIONS while the last
        transaction is still being ended (KIP-890, part 2)."""
        name = transactional_id or self._names.get(producer_id, "")
        known = self._all.get(name)
        if known is None or known.producer_id != producer_id:
            raise _no_mapping(name, producer_id)
        if known.epoch != epoch:
            raise LogError(Code.INVALID_PRODUCER_EPOCH, _older(known, epoch))
        # What was added is forgotten when the transaction is decided.
        added = known.groups if isinstance(writes_to, str) else known.partitions
        if adds is not None and writes_to not in added:
            self._check_ended(known)
            self._go_on(adds, known)
            added[writes_to] = None  # type: ignore[index]
        elif writes_to not in added:
            raise LogError(
                Code.INVALID_TXN_STATE,
                f"{writes_to!r} is not in an open transaction of {name!r}; add it first",
            )

    # --- looking ---------------------------------------------------------------------------

    def name_of(self, producer_id: int) -> str:
        """The transactional id of a producer id; empty if it has none."""
        return self._names.get(producer_id, "")

    def describe(self, transactional_id: str) -> Transaction:
        """What is kept of one; LogError INVALID_PRODUCER_ID_MAPPING if nothing is. To be read
        only."""
        try:
            return self._all[transactional_id]
        except KeyError:
            raise _no_mapping(transactional_id, NO_PRODUCER) from None

    def names(self) -> list[str]:
        """All transactional ids."""
        return list(self._all)

    # --- ending ----------------------------------------------------------------------------

    def go_on(self) -> None:
        """A partition may be written to again, or is gone: try the control batches that are
        owed."""
        for transaction in list(self._all.values()):
            if transaction.unmarked:
                self._write(transaction)

    def _go_on(self, who: str, transaction: Transaction) -> None:
        if transaction.state == "Ongoing":
            return
        transaction.move("Ongoing")
        transaction.began = self._clock.now
        self._trace.append(
            TransactionBegan(at=self._clock.now, who=who, transaction=transaction.name)
        )
        if not transaction.timed:
            self._time(transaction, self._clock.now + transaction.timeout)

    def _time(self, transaction: Transaction, due: int) -> None:
        transaction.timed = True
        self._at(due, lambda: self._time_out(transaction))

    def _time_out(self, transaction: Transaction) -> None:
        transaction.timed = False
        if transaction.state != "Ongoing":
            return
        due = transaction.began + transaction.timeout
        if due > self._clock.now:  # the timer was that of an earlier transaction
            self._time(transaction, due)
            return
        transaction.epoch += 1
        self._end("broker", transaction, commit=False, why="timeout")

    def _end(self, who: str, transaction: Transaction, commit: bool, why: str) -> None:
        transaction.move("PrepareCommit" if commit else "PrepareAbort")
        how = "committed" if commit else "aborted"
        self._trace.append(
            TransactionEnded(
                at=self._clock.now, who=who, transaction=transaction.name, how=how, why=why
            )
        )
        now_ms = wall_ms(self._clock)
        marker = Batch(
            payload=(),
            records=1,
            size=MARKER_SIZE,
            first_timestamp=now_ms,
            max_timestamp=now_ms,
            producer_id=transaction.producer_id,
            producer_epoch=transaction.epoch,
            transactional=True,
            control="commit" if commit else "abort",
        )
        transaction.unmarked = dict.fromkeys(transaction.partitions, marker)
        transaction.partitions.clear()
        if transaction.groups:
            transaction.groups.clear()
            self._groups.decide(transaction.producer_id, commit)
        self._journal.transaction(transaction)
        self._write(transaction)

    def _write(self, transaction: Transaction) -> None:
        for place, marker in list(transaction.unmarked.items()):
            if not self._exists(place):
                del transaction.unmarked[place]  # its topic is gone
            elif place not in transaction.writing:
                transaction.writing.add(place)
                written = self._mark(place, marker)
                written.then(
                    lambda place=place, written=written: self._written(  # type: ignore[misc]
                        transaction, place, written
                    )
                )
        self._complete(transaction)

    def _written(self, transaction: Transaction, place: Place, written: Pending[Any]) -> None:
        transaction.writing.discard(place)
        try:
            written.get()
        except LogError:
            return  # its leader is gone, or its replicas: `go_on` comes when that changes
        transaction.unmarked.pop(place, None)
        self._journal.transaction(transaction)
        self._complete(transaction)

    def _complete(self, transaction: Transaction) -> None:
        if transaction.unmarked:
            return
        if transaction.state == "PrepareCommit":
            transaction.move("CompleteCommit")
        elif transaction.state == "PrepareAbort":
            transaction.move("CompleteAbort")

    # --- keeping ---------------------------------------------------------------------------

    @property
    def last_id(self) -> int:
        """The last producer id that was given."""
        return self._ids

    def restore(self, transactions: Iterable[Transaction], last_id: int) -> None:
        """These are known. One that is open has the rest of its time, and one whose end was decided
        gets the control batches that it is owed when `go_on` is called."""
        self._ids = last_id
        for known in transactions:
            self._all[known.name] = known
            self._names[known.producer_id] = known.name
            if known.state == "Ongoing":
                known.began = min(known.began, self._clock.now)
                self._time(known, max(known.began + known.timeout, self._clock.now))

    # --- producers -------------------------------------------------------------------------

    def _new_id(self) -> int:
        self._ids += 1
        self._journal.producer_ids(self._ids)
        return self._ids

    def _rotate(self, transaction: Transaction) -> None:
        if transaction.epoch > LAST_EPOCH:
            transaction.producer_id, transaction.epoch = self._new_id(), 0
            self._names[transaction.producer_id] = transaction.name

    def _checked(
        self, who: str, what: str, transactional_id: str, producer_id: int, epoch: int
    ) -> Transaction:
        self._check_available()
        known = self._all.get(transactional_id)
        if known is None or known.producer_id != producer_id:
            raise _no_mapping(transactional_id, producer_id)
        if known.epoch != epoch:
            raise self._fenced(who, what, known, epoch)
        return known

    def _fenced(self, who: str, what: str, known: Transaction, epoch: int) -> LogError:
        error = LogError(Code.PRODUCER_FENCED, _older(known, epoch))
        self._turned_away(who, what, error)
        return error

    def _turned_away(self, who: str, what: str, error: LogError) -> None:
        self._trace.append(Fenced(at=self._clock.now, who=who, what=what, error=error.code.name))

    def _check_available(self) -> None:
        if not self._available():
            raise LogError(
                Code.COORDINATOR_NOT_AVAILABLE, "no broker of the cluster runs; start one"
            )

    def _check_ended(self, known: Transaction) -> None:
        if known.state in ("PrepareCommit", "PrepareAbort"):
            raise LogError(
                Code.CONCURRENT_TRANSACTIONS,
                f"the last transaction of {known.name!r} is still being ended; try again",
            )


def _older(known: Transaction, epoch: int) -> str:
    return (
        f"a producer of {known.name!r} has epoch {epoch}, but a newer producer, or the "
        f"coordinator after a timeout, has raised it to {known.epoch}"
    )


def _no_mapping(transactional_id: str, producer_id: int) -> LogError:
    return LogError(
        Code.INVALID_PRODUCER_ID_MAPPING,
        f"producer id {producer_id} is not that of transactional id {transactional_id!r}",
    )
