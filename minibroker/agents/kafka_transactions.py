"""The transactional producer's state, as librdkafka keeps it (rd_kafka_txn_state_t), and its calls
to the transaction coordinator (KIP-98, KIP-360, KIP-447).

A call may fail in three ways, which its `KafkaError` tells apart: *retriable*, call it again, and
nothing else, even when it was done and only its answer was lost; *abortable*, call
`abort_transaction` and begin anew;
*fatal*, this producer is of no use any more, mostly since another with its ``transactional.id`` has
taken over (`_FENCED`). librdkafka speaks the older versions of these requests, in which a broker
tells every kind of fencing as INVALID_PRODUCER_EPOCH, and the epoch stays the same from one
transaction to the next.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from minibroker.agents.kafka_errors import KafkaFailure, Local
from minibroker.agents.kafka_sending import Flight, Sender, Where
from minibroker.log.errors import RETRIABLE, Code, LogError
from minibroker.sim.agent import Wait
from minibroker.sim.clock import MILLISECOND, seconds
from minibroker.sim.effect import Answer, Refusal, Reply

if TYPE_CHECKING:
    from minibroker.log.offsets import Committed

Refused: TypeAlias = Callable[[LogError], KafkaFailure]

FENCED = frozenset({Code.INVALID_PRODUCER_EPOCH, Code.PRODUCER_FENCED})
COORDINATOR = "kafka:9092/1"
NOT_ACKED = {
    "init_transactions": "ReadyNotAcked",
    "commit_transaction": "CommitNotAcked",
    "abort_transaction": "AbortNotAcked",
}
"""The states in which the application was not told yet that a call of its has succeeded."""


class Transaction:
    """The transactions of one producer, one after the other. Without a transactional id every call
    of it fails."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._id = sender.settings.transactional_id
        self.state = "Init"
        self._error: KafkaFailure | None = None
        self._calling = ""
        """The call that has not been told its result."""
        self._registered: set[Where] = set()
        self._has_offsets = False
        self._not_delivered = 0
        self._must_bump = False

    # --- calls -------------------------------------------------------------------------------

    def init(self, timeout: float | None) -> Reply | Wait:
        """Take over the transactional id: what is open under it is aborted, and who had it is
        fenced."""
        if self._resumed("init_transactions", "Init"):
            return self._done("Ready", did_nothing=True)
        settings = self._sender.settings

        def take_over() -> Reply:
            self._sender.identity = self._sender.cluster.transactions.init_producer(
                self._sender.who, self._id, settings.transaction_timeout
            )
            return self._done("Ready")

        def refused(error: LogError) -> KafkaFailure:
            text = "Failed to acquire transactional PID from broker TxnCoordinator/1: %s"
            if error.code in FENCED:
                text = f"Producer fenced by newer instance: {text}"
                return self._fatal(Local.FENCED, text, error.code)
            return self._fatal(error.code, text, error.code)

        limit = 2 * settings.transaction_timeout
        return self._insist(take_over, timeout, limit, refused)

    def begin(self) -> Reply:
        """Begin one; nothing is sent yet."""
        self._resumed("begin_transaction", "Ready")
        return self._done("InTransaction", did_nothing=True)

    def flush(self) -> None:
        """The first half of `commit_transaction`: may it be called?"""
        self._resumed("commit_transaction", "InTransaction")

    def commit(self, timeout: float | None) -> Reply | Wait:
        """Commit, all records having been delivered before."""
        if self._resumed("commit_transaction", "InTransaction"):
            return self._done("Ready", did_nothing=True)
        if self._sender.outstanding:
            raise KafkaFailure(
                Local.TIMED_OUT,
                "Failed to flush all outstanding messages within the API timeout: "
                f"{self._sender.outstanding} message(s) remaining",
                retriable=True,
            )
        if self._not_delivered:
            raise self._abortable(
                Local.INCONSISTENT,
                f"{self._not_delivered} message(s) failed delivery (see individual delivery "
                "reports)",
            )
        return self._end(timeout, commit=True)

    def abort(self, timeout: float | None) -> Reply | Wait:
        """Abort; what has not been sent fails. Does what an abortable error asks for."""
        if self._resumed("abort_transaction", "InTransaction", "AbortableError"):
            return self._done("Ready", did_nothing=True)
        self._must_bump = self._must_bump or self._sender.retrying
        self._sender.purge()
        self._sender.flush()
        return self._end(timeout, commit=False)

    def offsets(
        self,
        group: str,
        offsets: "dict[Where, Committed]",
        timeout: float | None,
        member_id: str,
        generation: int,
        instance_id: str | None,
    ) -> Reply | Wait:
        """Commit a consumer's offsets with the transaction."""
        self._resumed("send_offsets_to_transaction", "InTransaction")
        if not offsets:
            return self._done("InTransaction", did_nothing=True)
        who, (producer_id, epoch) = self._sender.who, self._sender.identity
        transactions = self._sender.cluster.transactions
        adding = True

        def send() -> Reply:
            nonlocal adding
            adding = True
            transactions.add_offsets(who, self._id, producer_id, epoch, group)
            self._has_offsets = True
            adding = False
            transactions.commit_offsets(
                who,
                self._id,
                producer_id,
                epoch,
                group,
                offsets,
                member_id=member_id,
                generation=generation,
                instance_id=instance_id,
            )
            return self._done("InTransaction")

        def refused(error: LogError) -> KafkaFailure:
            code: int = Local.FENCED if error.code in FENCED else error.code
            fatal = code in (Local.FENCED, Code.INVALID_TXN_STATE, Code.INVALID_PRODUCER_ID_MAPPING)
            if fatal and adding:
                return self._fatal(code, "Failed to add offsets to transaction: %s", code)
            step = "add" if adding else "commit"
            text = (
                f"Failed to {step} offsets to transaction on broker {COORDINATOR}: %s (after 0ms)"
            )
            if fatal:
                return self._fatal(code, text, error.code)
            return self._abortable(error.code, text, error.code)

        limit = self._sender.settings.transaction_timeout
        return self._insist(send, timeout, limit, refused, self._offsets_timed_out)

    def timed_out(self, call: str) -> Refusal:
        """The cluster could not be reached for as long as the call may take, before it had the
        request or before its answer was there. `send_offsets_to_transaction` cannot be resumed, so
        the transaction must be aborted; the others can, whichever it was."""
        if call == "send_offsets_to_transaction":
            return self._offsets_timed_out().refusal("changed")
        self._calling = call
        if self.state == "Ready":
            self.state = NOT_ACKED[call]
        return _timed_out().refusal("changed")

    # --- what the sender asks (see `kafka_sending.Guard`) --------------------------------------

    def register(self, where: Where) -> None:
        """Make a partition part of the transaction, before anything is sent to it."""
        if where in self._registered:
            return
        sender = self._sender
        try:
            sender.cluster.transactions.add_partitions(
                sender.who, self._id, *sender.identity, [where]
            )
        except LogError as error:
            if error.code in FENCED:
                text = "Failed to add partitions to transaction: %s"
                self._fatal(Local.FENCED, text, Local.FENCED)
            elif error.code == Code.INVALID_TXN_STATE:
                self._fatal(error.code, "Failed to add partitions to transaction: %s", error.code)
            elif error.code not in RETRIABLE:
                text = f"Failed to add partition(s) to transaction on broker {COORDINATOR}: %s"
                self._abortable(error.code, text + " (after 0 ms)", error.code)
            raise
        self._registered.add(where)

    def not_delivered(self, messages: int) -> None:
        """Without them it cannot be committed."""
        self._not_delivered += messages

    def permanent(self, flight: Flight, code: int) -> None:
        """The broker refused a batch for good."""
        topic, partition = flight.where
        text = f"ProduceRequest for {topic} [{partition}] with {len(flight.messages)} "
        text += f"message(s) failed: %s (broker 1, base seq {flight.sequence}): "
        if code in FENCED:
            text += "transactional producer fenced by newer producer instance"
            self._fatal(Local.FENCED, text, code)
        else:
            self._must_bump = True
            self._abortable(code, text + "current transaction must be aborted", code)

    # --- how it goes on ----------------------------------------------------------------------

    def _end(self, timeout: float | None, commit: bool) -> Reply | Wait:
        sender = self._sender
        word = "commit" if commit else "abort"

        def end() -> Reply:
            if sum(sender.flying.values()):
                raise _Busy
            sender.flushing = False
            if not commit:  # what has come back meanwhile is not sent again
                self._must_bump = self._must_bump or sender.retrying
                sender.purge()
            nothing = not (self._registered or self._has_offsets)
            if not nothing:
                sender.identity = sender.cluster.transactions.end(
                    sender.who, self._id, *sender.identity, commit
                )
                self._registered.clear()
                self._has_offsets = False
            if self._must_bump:
                sender.identity = sender.cluster.transactions.init_producer(
                    sender.who, self._id, sender.settings.transaction_timeout, *sender.identity
                )
                sender.renumber()
                self._must_bump = False
            self._not_delivered = 0
            self._error = None
            return self._done("Ready", did_nothing=nothing)

        def refused(error: LogError) -> KafkaFailure:
            if error.code in FENCED:
                return self._fatal(Local.FENCED, "Failed to end transaction: %s", Local.FENCED)
            if error.code == Code.INVALID_TXN_STATE:
                return self._fatal(error.code, "Failed to end transaction: %s", error.code)
            return self._abortable(error.code, f"EndTxn {word} failed: %s", error.code)

        return self._insist(end, timeout, sender.settings.transaction_timeout, refused)

    def _insist(
        self,
        attempt: Callable[[], Reply],
        timeout: float | None,
        limit: int,
        refused: Refused,
        late: Callable[[], KafkaFailure] | None = None,
    ) -> Reply | Wait:
        """Try until it is done, refused for good, or the call's time is up: then the call may be
        resumed, unless it fails as `late` says."""
        sender = self._sender
        span = limit if timeout is None or timeout < 0 else seconds(min(timeout, 10**6))
        deadline = sender.clock.now + span
        result: list[Reply] = []

        def go() -> None:
            if sender.dead or result:
                return
            try:
                result.append(attempt())
            except _Busy:
                again(MILLISECOND)
            except LogError as error:
                if error.code in RETRIABLE:
                    again(sender.settings.backoff)
                else:
                    self._calling = ""
                    result.append(refused(error).refusal("changed"))

        def again(after: int) -> None:
            when = max(sender.clock.now + after, sender.frozen_until)
            if when < deadline:
                sender.at(when, go)

        def give_up() -> None:
            if not result and not sender.dead and late is not None:
                result.append(late().refusal("changed"))

        go()
        if result:
            return result[0]
        if late is not None:
            sender.at(deadline, give_up)
        return Wait(
            lambda: result[0] if result else None, deadline, _timed_out().refusal("changed")
        )

    def _offsets_timed_out(self) -> KafkaFailure:
        text = f"Failed to commit offsets to transaction on broker {COORDINATOR}: %s"
        limit = self._sender.settings.transaction_timeout // MILLISECOND
        return self._abortable(Local.TIMED_OUT, f"{text} (after {limit}ms)", Local.TIMED_OUT)

    def _resumed(self, call: str, *states: str) -> bool:
        """Whether this call was made before and has only not been told that it succeeded. Raises
        when it may not be made now, else it counts as being made."""
        if not self._id:
            raise KafkaFailure(
                Local.NOT_CONFIGURED,
                "The Transactional API requires transactional.id to be configured",
            )
        if self._calling not in ("", call):
            raise KafkaFailure(
                Local.CONFLICT,
                f"Conflicting {self._calling} API call is already in progress",
                retriable=True,
            )
        if (fatal := self._sender.fatal) is not None:
            raise fatal
        if self._error is not None and "AbortableError" not in states:
            raise self._error
        if self.state not in states and self.state != NOT_ACKED.get(call):
            raise KafkaFailure(Local.STATE, f"Operation not valid in state {self.state}")
        self._calling = call
        return self.state == NOT_ACKED.get(call)

    def _done(self, state: str, did_nothing: bool = False) -> Reply:
        self.state, self._calling = state, ""
        return Answer(None, did="read" if did_nothing else "changed")

    def _abortable(self, code: int, text: str, said: int | None = None) -> KafkaFailure:
        self._calling = ""
        if self._error is None and self._sender.fatal is None:
            self.state = "AbortableError"
            self._error = KafkaFailure(code, text, abort=True, said=said)
        return self._error or KafkaFailure(code, text, abort=True, said=said)

    def _fatal(self, code: int, text: str, said: int) -> KafkaFailure:
        self._calling = ""
        self.state = "FatalError"
        self._sender.fail(KafkaFailure(code, text, fatal=True, said=said))
        assert self._sender.fatal is not None
        return self._sender.fatal


class _Busy(Exception):
    """Something still flies."""


def _timed_out() -> KafkaFailure:
    return KafkaFailure(
        Local.TIMED_OUT,
        "Timed out waiting for operation to finish, retry call to resume",
        retriable=True,
    )
