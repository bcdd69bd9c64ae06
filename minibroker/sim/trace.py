r"""The one trace: everything that happens in a world, in order, as typed events.

Judges read it to find anomalies, the viewer draws it, metrics are folds over it, a verdict
quotes it. There is no second bookkeeping anywhere.

Every event has `at`, the virtual time in microseconds. `who` names a process's incarnation
(``worker#2``) or, for what the scenario does, ``scenario``. An event is appended where the
thing happens: the engines append what happens in a broker, the ledgers what happens in a
ledger, the world what happens to processes. Add a class here for a new kind of happening;
never a field that only one reader wants.

The text form is one JSON object a line, the same byte for byte for the same schedule in every
transport. It is what `ackademy replay` compares and what the viewer is sent.

>>> trace = Trace()
>>> trace.append(Started(at=0, who="worker#1"))
>>> trace.text()
'{"event":"Started","at":0,"who":"worker#1"}\n'
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from minibroker.sim.values import Value, encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened at virtual time `at` (microseconds)."""

    at: int


# --- processes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """An incarnation of a process began with empty memory."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Event):
    """A process asked for an effect. `number` counts the effects of the whole run, from 1."""

    who: str
    number: int
    client: str
    op: str
    args: dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """The process got its answer: `value`, or the error that was raised in it. `did` is what
    the effect did to the world: see `minibroker.sim.effect.Did`."""

    who: str
    number: int
    value: Value = None
    error: str = ""
    message: str = ""
    did: str = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(Event):
    """The blocked call of effect `number` raised KeyboardInterrupt: nothing else was left."""

    who: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed(Event):
    """The process was killed after effect `number` had happened, before it had its answer."""

    who: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulted(Event):
    """Something else than a crash was done to effect `number`, by `kind`: see
    `minibroker.sim.faults`. It stands where the fault begins to show."""

    who: str
    number: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exited(Event):
    """The process ended by itself; see `minibroker.sim.effect.Exit` for the fields."""

    who: str
    how: str
    error: str = ""
    message: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GaveUp(Event):
    """The supervisor stopped restarting a process, after `restarts` restarts."""

    who: str
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The run is over. `why`: ``quiet`` (nothing left to happen) or ``effects`` (the budget
    of effects was spent and the run had not come to rest)."""

    why: str
    effects: int


# --- queues --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Event):
    """A message reached the broker and was put in `queues`; none means it was unroutable, or that
    every queue it was meant for refused it, which `NotAccepted` tells after it.

    `message` is the broker's own number for it. One published message is one *copy* in each
    queue; a copy is named by (queue, message) in all that follows. `headers` are the message's
    own (AMQP's `headers` property).
    """

    who: str
    message: int
    exchange: str
    routing_key: str
    queues: list[str]
    body: bytes
    headers: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Event):
    """A copy was handed to a consumer's connection, the `attempt`-th time it was handed out."""

    who: str
    queue: str
    message: int
    tag: int
    attempt: int
    redelivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Event):
    """A copy left its queue for good. `how`: ``acked``, ``auto-acked`` (at delivery),
    ``dropped`` (rejected without requeue), ``purged``, ``expired`` (its time to live was over),
    ``overflowed`` (the queue was full), ``undeliverable`` (over the delivery limit), ``deleted``
    (with its queue), ``transient`` (not persistent, and the broker restarted) or ``uncommitted``
    (it waited for a majority, and its publisher is gone). A copy that goes on to a dead-letter
    exchange instead is `DeadLettered`.

    In Redis also: ``removed`` (by XDEL, DEL, LREM), ``trimmed`` (by MAXLEN or MINID), ``abandoned``
    (the consumer that it was pending for was deleted), ``skipped`` (its group was set to a place
    after it), ``moved`` (from one list to another) or ``unread`` (published to a subscriber whose
    connection ended)."""

    who: str
    queue: str
    message: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued(Event):
    """A delivered copy went back to ready. `why`: ``nacked`` (also: never seen by the client when
    it ended its subscription), ``rejected``, ``recovered``, ``connection lost``,
    ``channel closed``, ``consumer timeout`` or, in an SQS queue, ``visibility timeout``; then `who`
    had received it."""

    who: str
    queue: str
    message: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettered(Event):
    """A copy left `queue` for good and went, by way of a dead-letter exchange, to `queues` (none:
    it is gone). `reason` is RabbitMQ's: ``rejected``, ``expired``, ``maxlen`` or
    ``delivery_limit``; or it is ``maxReceiveCount``, by an SQS queue's redrive policy, or
    ``undelivered``, when an SNS subscription could not deliver it to `queue`. The message keeps its
    number; `headers` are those it goes on with. `who` is the process that rejected it, else
    ``broker``. A queue that refuses what is published to it and dead-letters it (overflow
    ``reject-publish-dlx``) never had the copy: `NotAccepted` tells so before."""

    who: str
    queue: str
    message: int
    reason: str
    exchange: str
    routing_key: str
    queues: list[str]
    headers: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Event):
    """A mandatory message that reached no queue went back to its publisher."""

    who: str
    message: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAccepted(Event):
    """The broker did not take responsibility for a published message (a confirm's ``nack``),
    since `queue` is full and rejects what is published to it."""

    who: str
    queue: str
    message: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlaced(Event):
    """A consumer group of a stream (Redis) was created, or set back: from now on the entries after
    its place, `messages`, wait for it, each as a copy in `queue`."""

    who: str
    stream: str
    group: str
    queue: str
    messages: list[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityChanged(Event):
    """Who had received a copy from an SQS queue asked that it hide until `until` (microseconds)."""

    who: str
    queue: str
    message: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendIgnored(Event):
    """A message was sent to an SQS FIFO queue with a deduplication id that was used less than five
    minutes before, for `message`. Nothing was put there, and the sender is told so as if it had
    been."""

    who: str
    queue: str
    message: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven(Event):
    """A message move task took a copy out of the dead-letter queue `queue` and put it into `to`. It
    keeps the trace's number, while SQS gives it a new message id."""

    who: str
    queue: str
    message: int
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRestarted(Event):
    """The broker of the queues went down and came back at once. All connections are lost, and what
    is not durable is gone."""


# --- logs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended(Event):
    """A record was appended to a partition at `offset`. `message` is the trace's own number for
    it, as for a `Published` message; it is the same in every group that reads the topic.
    `transaction` is the transactional id under which it was appended, empty for none: then it is
    decided by `TransactionEnded` whether a ``read_committed`` reader will ever see it. `key`,
    `value` and `headers` are those of the record, as far as the broker was given them open."""

    who: str
    message: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[Value] = field(default_factory=list)
    transaction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendIgnored(Event):
    """A batch came again that was appended already (same producer id, epoch and sequence); its
    first record stands at `offset`. Nothing was appended, and the producer is told so as if it had
    been (KIP-98)."""

    who: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled(Event):
    """A record was handed to the application of `who`, a member of `group` (empty: of none)."""

    who: str
    group: str
    message: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetsCommitted(Event):
    """A group's position was committed: ``[topic, partition, offset]`` each, the offset being that
    of the next record to read. `transaction` names the transaction that took them along; they count
    from `TransactionEnded` on, if it committed. `by_itself` is True for an auto-commit in the
    background."""

    who: str
    group: str
    offsets: list[Value]
    transaction: str = ""
    by_itself: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionBegan(Event):
    """The first record or offset of a transaction reached the broker."""

    who: str
    transaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(Event):
    """A transaction was decided. `how` is ``committed`` or ``aborted``; `why` is ``asked``,
    ``timeout`` or ``fenced`` (a new producer took over its transactional id). `who` is the process
    that asked, else ``broker``."""

    who: str
    transaction: str
    how: str
    why: str = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fenced(Event):
    """A zombie was turned away and changed nothing. `what` is its request, such as ``produce`` or
    ``commit``, and `error` the protocol's name for the refusal, such as ``INVALID_PRODUCER_EPOCH``
    or ``ILLEGAL_GENERATION``."""

    who: str
    what: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebalanced(Event):
    """A group has a new generation, in which each member (by the label of its process) owns the
    partitions of `owners`, ``[topic, partition]`` each."""

    group: str
    generation: int
    owners: dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftGroup(Event):
    """A member is out of its group. `why`: ``left``, ``session timeout``, ``rebalance timeout``,
    ``poll interval`` (it did not poll in time, and its client left for it) or ``replaced`` (another
    with its static id came)."""

    who: str
    group: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Event):
    """The application of `who` was told that these partitions, ``[topic, partition]`` each, are now
    its own, besides those it had."""

    who: str
    group: str
    partitions: list[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Event):
    """The application of `who` was told to give up these partitions; `lost` says that they are
    another's already."""

    who: str
    group: str
    partitions: list[Value]
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderChanged(Event):
    """A partition is led by broker `leader` from now on (-1: by none), in `epoch`. `clean` says
    that it was in the ISR. `isr` are the brokers in sync, by number."""

    topic: str
    partition: int
    leader: int
    epoch: int
    isr: list[Value]
    clean: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IsrChanged(Event):
    """The set of replicas in sync has changed."""

    topic: str
    partition: int
    isr: list[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTruncated(Event):
    """Broker `broker` gave up the records of a partition from `offset` on, which its new leader
    does not have. What was in nobody else's log is gone: `lost` are the messages' numbers."""

    topic: str
    partition: int
    broker: int
    offset: int
    lost: list[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStopped(Event):
    """A broker of the cluster is down, or cut off from the others (`how`: ``stopped`` or
    ``cut off``)."""

    broker: int
    how: str = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStarted(Event):
    """A broker of the cluster is there again."""

    broker: int


# --- effects on the outside, and what is owed ----------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed(Event):
    """The scenario says what `message` obliges the system to do, once: one side effect of
    `kind` for `subject` with `detail`. Two messages may carry the same debt (a producer's
    retry); it is still owed once."""

    message: int
    kind: str
    subject: str
    detail: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder(Event):
    """The scenario says that what is owed of `kind` for these subjects is to be done in this
    order."""

    kind: str
    subjects: list[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble(Event):
    """The scenario says that what is owed for `subject` cannot be done before `until` (microseconds
    of virtual time; None: never): who tries gets `error`."""

    kind: str
    subject: str
    error: str
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy(Event):
    """The scenario says what is promised for work on the messages of `queue` that fails: it is
    tried at most `attempts` times, for the k-th time again no sooner than ``delays[k - 1]``
    (microseconds) after it failed, and then the message goes to `dead_letters`, where it may stay,
    with its cause and the number of attempts in its headers. Other messages are worked on within
    `patience` (microseconds) meanwhile. For records both are topics."""

    queue: str
    dead_letters: str
    attempts: int
    delays: list[int]
    patience: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy(Event):
    """The scenario says what is promised to those who ask: each subject that is owed a row in
    `table` has one within `patience` (microseconds) of its message's coming. A row that says
    `interim` is no answer yet. It will do in time for what came before `served` (microseconds),
    when nobody could answer, and never as the last word."""

    table: str
    interim: dict[str, Value]
    patience: int
    served: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStore(Event):
    """The scenario says that each row of the database's table `events` is an event of an order
    (with `order`, `version`, `type` and `command`), each row of `snapshots` what the events of an
    order up to a version amount to, and that what is committed to `events` is to reach the topic
    `topic` (empty: none)."""

    events: str
    snapshots: str
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect(Event):
    """Something happened outside the broker that cannot be taken back: a charge, an e-mail. At best
    it can be made good by another one: see `Compensated`."""

    who: str
    kind: str
    subject: str
    detail: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaOwed(Event):
    """The scenario says that `message` obliges the system to make the side effects of all kinds in
    `steps` for `subject`, in this order, or, when one of them is refused for good, to undo those
    that were made, the last one first."""

    message: int
    subject: str
    steps: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensated(Event):
    """A side effect of `kind` for `subject` was undone by another one, its compensation: `by` is
    the compensation's own kind, such as ``refund`` for a charge."""

    who: str
    kind: str
    subject: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided(Event):
    """A compensation was asked for under an idempotency key under which nothing had happened.
    Nothing was undone, and nothing will happen under this key."""

    who: str
    kind: str
    subject: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Event):
    """A side effect was asked for and did not happen: the one who was asked said no. `error` is
    the exception's name that the caller got."""

    who: str
    kind: str
    subject: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplicated(Event):
    """A side effect was asked for again under an idempotency key already used: nothing
    happened, and the caller got the first answer."""

    who: str
    kind: str
    subject: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Event):
    """A database transaction committed its `writes`, each ``[op, table, key, row]``, of which a
    delete has an empty row."""

    who: str
    writes: list[Value]


E = TypeVar("E", bound=Event)


class Trace:
    """An append-only list of events. `kept` says whether it is one: see `NoTrace`."""

    __slots__ = ("_by_kind", "_messages", "_read", "append", "events")

    kept = True

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.append = self.events.append
        self._by_kind: dict[type[Event], list[Any]] = {}
        self._read = 0
        self._messages = 0

    def new_message(self) -> int:
        """The number of the next message: one number names one message in all of a world."""
        self._messages += 1
        return self._messages

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def of(self, kind: type[E]) -> list[E]:
        """All events of one kind, in order."""
        for event in self.events[self._read :]:  # judges ask many times, when all is over
            self._by_kind.setdefault(type(event), []).append(event)
        self._read = len(self.events)
        return list(self._by_kind.get(kind, ()))

    def text(self) -> str:
        """One JSON object a line; see the module's docstring."""
        return "".join(encoded(as_dict(event)) + "\n" for event in self.events)


class NoTrace(Trace):
    """Of a broker that runs for days: nobody will read it, and nothing is kept."""

    __slots__ = ()

    kept = False

    def __init__(self) -> None:
        super().__init__()
        self.append = _forget


def _forget(event: Event) -> None:
    """Nothing is kept."""


def as_dict(event: Event) -> dict[str, Any]:
    """The event's fields after its kind, in the order of the class."""
    kind = type(event)
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = tuple(f.name for f in fields(kind))
    return {"event": kind.__name__} | {name: getattr(event, name) for name in names}


_names: dict[type[Event], tuple[str, ...]] = {}
