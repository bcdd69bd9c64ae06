"""What librdkafka's threads do for a producer: gather records into batches, send them, try again,
and tell how each ended.

Theory of operation. `produce()` puts a record into the queue of its partition. A queue is sent when
its oldest record has waited ``linger.ms``, when it fills a batch, or at a flush; each batch is one
request. An answer takes `TRIP` to come back. A request that fails for a time is sent again after a
backoff, before all that is still in the queue, but after what was sent in the meantime: without
idempotence records can so change places, and come twice if only the answer was lost. With
idempotence each batch has a sequence number, by which the broker refuses the one and ignores the
other (KIP-98). A record that is not delivered within ``message.timeout.ms`` of `produce()` fails.

All of it dies with the process. What has been told to nobody is told at the next poll or flush.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from minibroker.agents.kafka_errors import KafkaFailure, Local
from minibroker.agents.kafka_partitioner import Sticky, by_key
from minibroker.agents.kafka_queue import Outgoing, Queue, deadline
from minibroker.agents.kafka_settings import ProducerSettings
from minibroker.log.batch import Batch
from minibroker.log.errors import RETRIABLE, Code, LogError
from minibroker.log.pending import Pending
from minibroker.log.records import Record, batch
from minibroker.sim.clock import MILLISECOND, SECOND, Clock
from minibroker.sim.effect import Answer, Caller, Did
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.log.cluster import Cluster
    from minibroker.log.partition import Produced

At: TypeAlias = Callable[[int, Callable[[], None]], None]
Where: TypeAlias = tuple[str, int]

TRIP = MILLISECOND
"""Until the answer of a request is there."""

NOTICED = 20 * MILLISECOND
"""Until the client notices that a request, or its answer, got lost. Without idempotence later ones
come through meanwhile, as when a broker turned one down for the moment."""

COUNTED = frozenset(
    {
        Local.TRANSPORT,
        Code.REQUEST_TIMED_OUT,
        Code.NOT_ENOUGH_REPLICAS,
        Code.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    }
)
"""Failures that use up one of ``retries``; after others nothing can have been appended."""


@dataclass(slots=True, eq=False)
class Flight:
    """A batch that was sent at least once: a retry sends the same again."""

    where: Where
    messages: list[Outgoing]
    sequence: int = -1
    identity: tuple[int, int] = (-1, -1)
    tries: int = 0
    lost: bool = False
    """Whether its request is lost, which the client does not know yet."""
    landed: int = 0
    """When its answer was there (microseconds)."""

    @property
    def number(self) -> int:
        """Orders flights: the number of the first record."""
        return self.messages[0].number


class Guard(Protocol):
    """What a transaction has to say on sending."""

    def register(self, where: Where) -> None:
        """Before the first batch to a partition: raises `LogError`."""

    def not_delivered(self, messages: int) -> None:
        """So many records of it will never be delivered."""

    def permanent(self, flight: Flight, code: int) -> None:
        """The broker refused a batch for good."""


class Sender:
    """The queues, flights and news of one producer."""

    def __init__(
        self,
        cluster: "Cluster",
        clock: Clock,
        at: At,
        caller: Caller,
        producer: int,
        settings: ProducerSettings,
    ) -> None:
        self.cluster, self.clock, self.at, self.who = cluster, clock, at, caller.label
        self.settings = settings
        self.guard: Guard | None = None
        self.identity = (-1, -1)
        """Producer id and epoch, of an idempotent producer that has them."""
        self.outstanding = 0
        """Records whose end is not decided yet."""
        self.news: list[Value] = []
        """What the next poll tells: each the end of a record, or a fatal error."""
        self.fatal: KafkaFailure | None = None
        self.dead = False
        self.frozen_until = 0
        self.flushing = False
        self.asked = 0
        """When the last poll or flush was (microseconds)."""
        self.flying: Counter[Where] = Counter()
        self.numbers = 0
        """How many records have entered."""
        self._waiting: dict[Where, Queue] = {}
        self._again: dict[Where, list[Flight]] = {}
        self._airborne: list[Flight] = []
        self._delivered: list[Flight] = []
        self._told: list[Flight] = []
        self._answer = Answer([])
        self._not_before: dict[Where, int] = {}
        self._sequences: Counter[Where] = Counter()
        self._sticky = Sticky(random.Random(f"kafka/{self.who}/{producer}"), settings.sticky)

    # --- the queue ---------------------------------------------------------------------------

    def enter(self, message: Outgoing) -> int:
        """Put a record into the queue; gives its number, from 1. Its partition is -1 when the
        partitioner is to choose."""
        self.numbers += 1
        message.number = self.numbers
        self.outstanding += 1
        try:
            self._place(message, self.cluster.partitions(message.topic))
        except LogError:  # it is not known yet
            self._queue((message.topic, -1), message)
        return message.number

    def _place(self, message: Outgoing, partitions: int) -> None:
        if message.partition < 0:
            chosen = by_key(self.settings.partitioner, message.key, partitions)
            if chosen is None:
                chosen = self._sticky.choose(message.topic, partitions, self.clock.now)
            message.partition = chosen
        if message.partition < partitions:
            self._queue((message.topic, message.partition), message)
        else:
            self._end([message], Local.UNKNOWN_PARTITION)

    def _queue(self, where: Where, message: Outgoing) -> None:
        queue = self._waiting.setdefault(where, Queue(self.settings))
        queue.append(message)
        if self._due(queue):
            self._wake(where, self.clock.now)
        else:
            self._wake_when_due(where, queue)

    def _wake_when_due(self, where: Where, queue: Queue) -> None:
        if queue.messages and self.clock.now < queue.due() and queue.woken <= self.clock.now:
            queue.woken = queue.due()
            self._wake(where, queue.woken)

    def _wake(self, where: Where, when: int) -> None:
        self.at(max(when, self.frozen_until), lambda: self._send(where))

    def mark(self, fault: str, number: int = 0) -> bool:
        """Let the requests that will carry what waits suffer a fault, or only the one that will
        carry this record. False when it has left."""
        found = [
            message
            for queue in self._waiting.values()
            for message in queue.messages
            if number in (0, message.number)
        ]
        for message in found:
            message.fault = fault
        return bool(found)

    def tell(self, did: Did) -> Answer:
        """Take the news, as an answer."""
        self._told, self._delivered = self._delivered, []
        self._answer, self.news = Answer(self.news, did=did), []
        return self._answer

    def sent_twice(self, since: int) -> Answer | None:
        """The answers since then (microseconds) that were told last had been lost at first, so the
        requests were sent again; the news are the same. None when there are none."""
        told = [flight for flight in self._told if flight.landed >= since]
        if self.settings.acks == 0 or self.settings.retries == 0 or not told:
            return None
        for flight in told:
            self._request(flight)
        return self._answer

    def flush(self) -> None:
        """Send all that waits, and until `flushing` ends whatever comes."""
        self.flushing = True
        for where in list(self._waiting):
            self._send(where)

    @property
    def retrying(self) -> bool:
        """Whether a batch that has a place in a sequence is not appended yet."""
        return any(self._again.values())

    def renumber(self) -> None:
        """Producer id or epoch are new, so sequences begin at 0."""
        self._sequences.clear()

    def purge(self, queued: bool = True, flying: bool = False) -> None:
        """Give up what was not sent or must be sent again, or what flies, too."""
        if queued:
            for where in dict.fromkeys((*self._again, *self._waiting)):
                for flight in self._again.pop(where, []):
                    self._end(flight.messages, Local.PURGE_QUEUE)
                if (queue := self._waiting.pop(where, None)) is not None:
                    self._end(queue.messages, Local.PURGE_QUEUE)
        if flying:
            for flight in self._airborne:
                self._end(flight.messages, Local.PURGE_INFLIGHT)
            self._airborne.clear()
            self.flying.clear()

    # --- sending -----------------------------------------------------------------------------

    def _send(self, where: Where) -> None:
        if self.dead or self.fatal is not None:
            return
        if self.clock.now < self.frozen_until:
            self._wake(where, self.frozen_until)
            return
        if where[1] < 0:
            self._find(where)
            return
        self._expire(where)
        again = self._again.get(where)
        if again:
            if self.clock.now < self._not_before[where]:
                return
            if self.settings.idempotent and self.flying[where]:
                return  # all that flies comes back first, then all is in order again
            while again and self._room(where):
                self._launch(again.pop(0))
                if self.clock.now < self._not_before.get(where, 0):
                    return
        queue = self._waiting.get(where)
        if queue is None:
            return
        while self._room(where) and self._due(queue) and not self._again.get(where):
            self._launch(Flight(where, queue.take()))
        self._wake_when_due(where, queue)  # the oldest is another now

    def _room(self, where: Where) -> bool:
        if self.settings.idempotent and any(f.lost and f.where == where for f in self._airborne):
            return False  # it would be lost on the same connection
        return self.flying[where] < self.settings.in_flight

    def _due(self, queue: Queue) -> bool:
        return bool(queue.messages) and (
            self.flushing or queue.full or queue.due() <= self.clock.now
        )

    def _find(self, where: Where) -> None:
        """Records of a topic that was not known: the broker makes it when it is asked for it
        (``auto.create.topics.enable``)."""
        queue = self._waiting.pop(where, None)
        if queue is None:
            return
        try:
            if where[0] not in self.cluster.topics():
                self.cluster.create_topic(where[0])
            partitions = self.cluster.partitions(where[0])
        except LogError as error:
            self._end(queue.messages, error.code)
            return
        for message in queue.messages:
            self._place(message, partitions)
        for partition in range(partitions):
            self._send((where[0], partition))

    def _launch(self, flight: Flight) -> None:
        where = flight.where
        try:
            if self.guard is not None:
                self.guard.register(where)
            if self.settings.idempotent:
                self._number(flight)
        except LogError as error:
            if self.fatal is None:
                self._failed(flight, error.code)
            else:
                self._end(flight.messages, Local.PURGE_QUEUE)
            return
        fault = next((message.fault for message in flight.messages if message.fault), "")
        for message in flight.messages:
            message.fault = ""
        self._airborne.append(flight)
        self.flying[where] += 1
        flight.lost = fault == "definite"
        if flight.lost:
            self._lands(flight, NOTICED, _lost)
            return
        pending = self._request(flight)
        if fault and self.settings.acks != 0:
            pending.then(lambda: self._lands(flight, NOTICED, _lost))
        else:
            pending.then(lambda: self._lands(flight, TRIP, pending.get))

    def _request(self, flight: Flight) -> "Pending[Produced]":
        return self.cluster.produce(
            self.who,
            *flight.where,
            self._batch(flight),
            self.settings.acks,
            timeout_us=self.settings.request_timeout,
            transactional_id=self.settings.transactional_id,
        )

    def _number(self, flight: Flight) -> None:
        """Give a batch its place in the sequence, once for each producer id and epoch."""
        if self.identity == (-1, -1):
            self.identity = self.cluster.transactions.init_producer(self.who)
            self._sequences.clear()
        if flight.identity != self.identity:
            flight.identity = self.identity
            flight.sequence = self._sequences[flight.where]
            self._sequences[flight.where] += len(flight.messages)

    def _batch(self, flight: Flight) -> Batch:
        made = batch(
            [
                Record(delta, m.key, m.value, m.timestamp, m.headers)
                for delta, m in enumerate(flight.messages)
            ]
        )
        if not self.settings.idempotent:
            return made
        return replace(
            made,
            producer_id=flight.identity[0],
            producer_epoch=flight.identity[1],
            base_sequence=flight.sequence,
            transactional=bool(self.settings.transactional_id),
        )

    # --- how it ends -------------------------------------------------------------------------

    def _lands(self, flight: Flight, after: int, outcome: Callable[[], "Produced"]) -> None:
        def land() -> None:
            if self.clock.now < self.frozen_until:
                self.at(self.frozen_until, land)
            elif not self.dead and flight in self._airborne:
                self._airborne.remove(flight)
                flight.lost, flight.landed = False, self.clock.now
                self.flying[flight.where] -= 1
                self._landed(flight, outcome)
                self._send(flight.where)

        self.at(max(self.clock.now + after, self.frozen_until), land)

    def _landed(self, flight: Flight, outcome: Callable[[], "Produced"]) -> None:
        try:
            produced = outcome()
        except LogError as error:
            if self.settings.acks == 0 or error.code == Code.DUPLICATE_SEQUENCE_NUMBER:
                self._end(flight.messages)  # nobody answers acks=0, so nobody complains
            else:
                self._failed(flight, error.code)
        except KafkaFailure as failure:
            if self.settings.acks == 0:
                self._end(flight.messages)
            else:
                self._failed(flight, failure.code)
        else:
            known = produced.base_offset >= 0  # nobody says with acks=0
            offset = produced.base_offset if known else None
            self._end(flight.messages, offset=offset, stamped=produced.timestamp_ms)
            self._delivered.append(flight)

    def _failed(self, flight: Flight, code: int) -> None:
        if self._again_worth(flight, code):
            flight.tries += code in COUNTED
            if flight.tries <= self.settings.retries:
                self._retry(flight)
                return
        if self.guard is not None:
            self.guard.permanent(flight, code)
        elif self.settings.idempotent:
            self._gap(flight, code)
        self._end(flight.messages, code)

    def _again_worth(self, flight: Flight, code: int) -> bool:
        if code == Code.OUT_OF_ORDER_SEQUENCE_NUMBER and self.settings.idempotent:
            # It overtook one that must be sent again; after that one it is in order.
            return any(f.number < flight.number for f in self._again.get(flight.where, ()))
        return code in RETRIABLE or code == Local.TRANSPORT

    def _retry(self, flight: Flight) -> None:
        where = flight.where
        again = self._again.setdefault(where, [])
        again.append(flight)
        again.sort(key=lambda flight: flight.number)
        backoff = self.settings.backoff << min(max(0, flight.tries - 1), 10)
        when = self.clock.now + min(backoff, self.settings.backoff_most)
        self._not_before[where] = max(when, self._not_before.get(where, 0))
        self._wake(
            where, min(self._not_before[where], deadline(again[0].messages[0], self.settings))
        )

    def _expire(self, where: Where) -> None:
        """Fail what was not delivered in time."""
        late: list[Outgoing] = []
        again = self._again.get(where, [])
        while again and deadline(again[0].messages[0], self.settings) <= self.clock.now:
            late += again.pop(0).messages
        if late and self.guard is None and self.settings.idempotent:
            self._new_identity()
        if (queue := self._waiting.get(where)) is not None:
            late += queue.late(self.clock.now)
        self._end(late, Local.MSG_TIMED_OUT)

    def _gap(self, flight: Flight, code: int) -> None:
        """A batch of an idempotent producer will never be appended, so what follows needs another
        sequence; a broker that misses one before it has lost records (librdkafka: fatal)."""
        if code == Code.OUT_OF_ORDER_SEQUENCE_NUMBER:
            topic, partition = flight.where
            self.fail(
                KafkaFailure(
                    code,
                    f"ProduceRequest for {topic} [{partition}] with {len(flight.messages)} "
                    "message(s) failed due to sequence desynchronization with broker 1",
                    fatal=True,
                )
            )
        else:
            self._new_identity()

    def _new_identity(self) -> None:
        self.identity = (-1, -1)

    def fail(self, failure: KafkaFailure) -> None:
        """A fatal error: nothing is sent any more, and the next poll raises it."""
        if self.fatal is None:
            self.fatal = failure
            self.news.append({"error": failure.value()})
            self.purge()

    def _end(
        self,
        messages: Iterable[Outgoing],
        code: int = Code.NONE,
        offset: int | None = None,
        stamped: int = -1,
    ) -> None:
        ended = list(messages)
        self.outstanding -= len(ended)
        for delta, message in enumerate(ended):
            self.news.append(
                {
                    "message": message.number,
                    "partition": message.partition,
                    "offset": None if offset is None else offset + delta,
                    # 1: the record's own, 2: when it was appended
                    "timestamp": [1, message.timestamp] if stamped < 0 else [2, stamped],
                    "latency": (self.clock.now - message.entered) / SECOND,
                    "error": int(code),
                }
            )
        if ended and code != Code.NONE and self.guard is not None:
            self.guard.not_delivered(len(ended))


def _lost() -> "Produced":
    raise KafkaFailure(Local.TRANSPORT)
