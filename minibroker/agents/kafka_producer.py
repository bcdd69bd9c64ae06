"""Answers producers: each of their calls, by what is on its way (`kafka_sending`) and by its
transaction (`kafka_transactions`).

``produce`` only puts the record into the client's queue, so it changes nothing in the world. A
fault at it, or at a flush or a poll, is one of the requests that carry the records: a lost one is
sent again by the client, and so is one whose answer is lost. The caller sees no error.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from minibroker.agents.kafka_errors import BadRequest, KafkaFailure, Local
from minibroker.agents.kafka_groups_admin import offsets_of
from minibroker.agents.kafka_queue import Outgoing
from minibroker.agents.kafka_sending import At, Sender
from minibroker.agents.kafka_settings import producer_settings
from minibroker.agents.kafka_transactions import Transaction
from minibroker.log.errors import LogError
from minibroker.log.terms import wall_ms
from minibroker.sim.agent import Wait
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Did, Reply
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster

Args: TypeAlias = dict[str, Value]

CALLS = frozenset({"init_transactions", "commit_transaction", "abort_transaction", "send_offsets"})
"""The calls that can fail by a lost request or answer, which their caller sees."""

TELLS = frozenset({"flush", "producer_poll"})
"""The calls that send, or tell the end of what was sent."""


class ProducerPart:
    """All producers of a world."""

    def __init__(self, cluster: "Cluster", clock: Clock, at: At) -> None:
        self._cluster, self._clock, self._at = cluster, clock, at
        self._producers: dict[Caller, dict[int, tuple[Sender, Transaction]]] = {}
        self.ops: dict[str, Callable[[Caller, Args], Reply | Wait]] = {
            "producer_new": self._new,
            "produce": self._produce,
            "producer_poll": self._poll,
            "flush": self._flush,
            "purge": self._purge,
            "init_transactions": lambda caller, args: self._transaction(caller, args).init(
                _timeout(args)
            ),
            "begin_transaction": lambda caller, args: self._transaction(caller, args).begin(),
            "send_offsets": self._send_offsets,
            "commit_transaction": lambda caller, args: self._transaction(caller, args).commit(
                _timeout(args)
            ),
            "abort_transaction": lambda caller, args: self._transaction(caller, args).abort(
                _timeout(args)
            ),
        }

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        return self.ops[op](caller, args)

    def lost(self, caller: Caller) -> None:
        """What was in its queues is lost with it."""
        for sender, _ in self._producers.pop(caller, {}).values():
            sender.dead = True

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """What is due while the whole process is frozen is sent when it goes on."""
        if frozen:
            for sender, _ in self._producers.get(caller, {}).values():
                sender.frozen_until = max(sender.frozen_until, until)

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Reply | Wait | None:
        """Records are sent again; a transaction's call times out."""
        try:
            sender, transaction = self._producer(caller, args)
        except BadRequest:
            return None
        if op in CALLS:
            call = "send_offsets_to_transaction" if op == "send_offsets" else op
            return transaction.timed_out(call)
        if op in TELLS:
            if happened:
                return sender.sent_twice(sender.asked)
            if not sender.mark("definite"):
                return None
            return self.ops[op](caller, args)
        if op != "produce":
            return None
        if happened:
            number = sender.numbers
            return Answer(number, did="read") if sender.mark("indefinite", number) else None
        try:
            reply = self._produce(caller, args)
        except (BadRequest, KafkaFailure):
            return None
        return reply if sender.mark("definite", sender.numbers) else None

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """A producer is handed out nothing."""
        return False

    # --- calls -------------------------------------------------------------------------------

    def _new(self, caller: Caller, args: Args) -> Reply:
        settings = producer_settings(args.get("config"))
        mine = self._producers.setdefault(caller, {})
        number = len(mine) + 1
        sender = Sender(self._cluster, self._clock, self._at, caller, number, settings)
        transaction = Transaction(sender)
        if settings.transactional_id:
            sender.guard = transaction
        mine[number] = (sender, transaction)
        return Answer(number, did="read")

    def _produce(self, caller: Caller, args: Args) -> Reply:
        """Gives the record's number, by which its delivery report names it."""
        sender, transaction = self._producer(caller, args)
        message = _message(args, self._clock)
        failed = "Unable to produce message: %s"
        if sender.fatal is not None:
            raise KafkaFailure(Local.FATAL, failed, said=Local.FATAL)
        if sender.guard is not None and transaction.state != "InTransaction":
            raise KafkaFailure(Local.STATE, failed, said=Local.STATE)
        try:
            known = -1 <= message.partition < self._cluster.partitions(message.topic)
        except LogError:
            known = True  # nobody knows it yet
        if not known:
            raise KafkaFailure(Local.UNKNOWN_PARTITION, failed, said=Local.UNKNOWN_PARTITION)
        return Answer(sender.enter(message), did="read")

    def _poll(self, caller: Caller, args: Args) -> Reply | Wait:
        """Gives what there is to tell, after waiting for it up to `timeout` seconds (None: for
        ever)."""
        sender, _ = self._producer(caller, args)
        timeout = _timeout(args)
        sender.asked = self._clock.now

        def ready() -> Reply | None:
            return sender.tell("changed") if sender.news else None

        if timeout == 0:
            return ready() or Answer([], did="read")
        deadline = None if timeout is None else self._clock.now + seconds(timeout)
        return Wait(ready, deadline, Answer([], did="idle"))

    def _flush(self, caller: Caller, args: Args) -> Reply | Wait:
        """Send what waits, and give what there is to tell when all is decided, or after `timeout`
        seconds. With `committing` it is the first half of a commit."""
        sender, transaction = self._producer(caller, args)
        if args.get("committing") is True:
            transaction.flush()
        timeout = _timeout(args)
        did: Did = "changed" if sender.outstanding or sender.news else "read"
        sender.asked = self._clock.now
        sender.flush()
        until = None if timeout is None else self._clock.now + seconds(timeout)
        if until is not None and sender.outstanding:
            self._at(until, lambda: None)  # a look at what there is to tell by then

        def ready() -> Reply | None:
            if sender.outstanding and (until is None or self._clock.now < until):
                return None
            sender.flushing = False
            return sender.tell(did)

        return Wait(ready)

    def _purge(self, caller: Caller, args: Args) -> Reply:
        sender, _ = self._producer(caller, args)
        sender.purge(args.get("in_queue") is True, args.get("in_flight") is True)
        return Answer(None, did="read")

    def _send_offsets(self, caller: Caller, args: Args) -> Reply | Wait:
        """`offsets` are ``[topic, partition, offset, metadata]`` each; those below 0 are left
        out."""
        transaction = self._transaction(caller, args)
        instance_id = args.get("instance_id")
        return transaction.offsets(
            cast(str, _typed(args, "group", str)),
            offsets_of(args),
            _timeout(args),
            cast(str, _typed(args, "member_id", str)),
            cast(int, _typed(args, "generation", int)),
            instance_id if isinstance(instance_id, str) else None,
        )

    def _producer(self, caller: Caller, args: Args) -> tuple[Sender, Transaction]:
        number = args.get("producer")
        mine = self._producers.get(caller, {})
        if not isinstance(number, int) or number not in mine:
            raise BadRequest(f"there is no producer {number!r}")
        return mine[number]

    def _transaction(self, caller: Caller, args: Args) -> Transaction:
        return self._producer(caller, args)[1]


part = ProducerPart


def _message(args: Args, clock: Clock) -> Outgoing:
    key, value = args.get("key"), args.get("value")
    if not isinstance(key, bytes | None) or not isinstance(value, bytes | None):
        raise BadRequest("key and value are bytes or None")
    timestamp = cast(int, _typed(args, "timestamp", int))
    headers = cast("list[Value]", _typed(args, "headers", list))
    if not all(map(_is_header, headers)):
        raise BadRequest(f"a header is [name, value], not {headers!r}")
    return Outgoing(
        number=0,
        topic=cast(str, _typed(args, "topic", str)),
        partition=cast(int, _typed(args, "partition", int)),
        key=key,
        value=value,
        headers=headers,
        timestamp=timestamp or wall_ms(clock),
        entered=clock.now,
    )


def _is_header(header: Value) -> bool:
    match header:
        case [str(), bytes() | None]:
            return True
    return False


def _typed(args: Args, name: str, kind: type) -> Value:
    found = args.get(name)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise BadRequest(f"{name} must be a {kind.__name__}, not {found!r}")
    return found


def _timeout(args: Args) -> float | None:
    """Seconds, or None for no end of one's own."""
    found = args.get("timeout")
    if found is None:
        return None
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise BadRequest(f"timeout must be a number of seconds or None, not {found!r}")
    return max(0, min(found, 10**6)) if found >= 0 else None
