"""Answers the `confluent_kafka`-shaped Consumer: finds the consumer that a call is for and has it
do what librdkafka would.

What a consumer keeps while its application does nothing is in the parts: `kafka_group` (its
membership), `kafka_positions` (where it reads), `kafka_commits`, `kafka_polling` (what a poll hands
out); `kafka_lookups` answers questions.
"""

from typing import TYPE_CHECKING, cast

from minibroker.agents.kafka_consumer_settings import consumer_settings
from minibroker.agents.kafka_errors import BadRequest, KafkaFailure, Local
from minibroker.agents.kafka_lookups import LOOKUPS, there
from minibroker.agents.kafka_polling import Consumer
from minibroker.agents.kafka_positions import INVALID, STORED, Key
from minibroker.agents.kafka_topics import compiles, slow
from minibroker.log.records import Record, batch
from minibroker.sim.agent import Wait
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Refusal, Reply

if TYPE_CHECKING:
    from minibroker.agents.kafka import Args, At, Op
    from minibroker.log.cluster import Cluster

EAGER = (
    "Changes to the current assignment must be made using assign() when rebalance protocol type "
    "is EAGER"
)
LONGEST = 10**9
"""Seconds."""


def part(cluster: "Cluster", clock: Clock, at: "At") -> "ConsumerAgent":
    """One cluster's side of all consumers."""
    return ConsumerAgent(cluster, clock, at)


class ConsumerAgent:
    """See `minibroker.agents.kafka` for how it is called."""

    def __init__(self, cluster: "Cluster", clock: Clock, at: "At") -> None:
        self._cluster, self._clock, self._at = cluster, clock, at
        self._consumers: dict[Caller, dict[int, Consumer]] = {}
        self.ops: dict[str, Op] = {
            "consumer_new": self._new,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "poll": self._poll,
            "consume": self._poll,
            "finish": self._finish,
            "assign": self._assign,
            "unassign": self._unassign,
            "incremental_assign": self._incremental_assign,
            "incremental_unassign": self._incremental_unassign,
            "commit": self._commit,
            "store_offsets": self._store,
            "pause": self._pause,
            "resume": self._pause,
            "seek": self._seek,
            "close": self._close,
        }
        for name, answer in LOOKUPS.items():
            self.ops[name] = lambda caller, args, answer=answer: Answer(  # type: ignore[misc]
                answer(self._cluster, self._consumer(caller, args), args), did="read"
            )
        cluster.on_change(self._changed)

    def lost(self, caller: Caller) -> None:
        """The process is gone without a word: its sessions end by themselves."""
        for consumer in self._consumers.pop(caller, {}).values():
            consumer.membership.vanish()

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """A frozen process sends no heartbeats; one that sleeps does, and does not poll."""
        for consumer in self._consumers.get(caller, {}).values():
            if frozen:
                consumer.membership.freeze(until)
            else:
                consumer.sleeps(until)

    def broken(self, caller: Caller, op: str, args: "Args", happened: bool) -> Reply | None:
        """A commit that is waited for times out. All else librdkafka tries again by itself."""
        if op != "commit" or args.get("asynchronous") is not False:
            return None
        if happened:
            try:
                self._consumer(caller, args).commits.undo()
            except BadRequest:
                return None
        failure = KafkaFailure(Local.TIMED_OUT, "Commit failed: %s", said=Local.TIMED_OUT)
        return failure.refusal("changed" if happened else "read")

    def again(self, caller: Caller, op: str, args: "Args", reply: Reply) -> bool:
        """The records that were handed out are appended once more."""
        if op not in ("poll", "consume") or not isinstance(reply, Answer) or reply.did != "changed":
            return False
        try:
            handed = self._consumer(caller, args).handed
        except BadRequest:
            return False
        for got in handed:
            record = got.record
            twin = Record(0, record.key, record.value, record.timestamp, list(record.headers))
            self._cluster.produce("scenario", got.topic, got.partition, batch([twin]), 1)
        return bool(handed)

    def _changed(self) -> None:
        for consumers in self._consumers.values():
            for consumer in consumers.values():
                consumer.reader.stale = True
                consumer.membership.wanted.look()

    # --- a consumer's life -----------------------------------------------------------------------

    def _new(self, caller: Caller, args: "Args") -> Reply:
        settings = consumer_settings(args.get("config"))
        mine = self._consumers.setdefault(caller, {})
        number = len(mine) + 1
        mine[number] = Consumer(caller.label, settings, self._cluster, self._clock, self._at)
        mine[number].callbacks.on_commit = args.get("on_commit") is True
        return Answer(number, did="read")

    def _subscribe(self, caller: Caller, args: "Args") -> Reply:
        consumer, topics = self._consumer(caller, args), args.get("topics")
        if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
            raise BadRequest("topics must be a list of str")
        names = cast("list[str]", topics)
        if why := next(filter(None, map(slow, names)), ""):
            return Refusal("NotInSubset", why)
        if (
            not names
            or "" in names
            or len(set(names)) < len(names)
            or not all(map(compiles, names))
        ):
            text = "Failed to set subscription: %s"
            raise KafkaFailure(Local.INVALID_ARG, text, said=Local.INVALID_ARG)
        for name in ("on_assign", "on_revoke", "on_lost"):
            setattr(consumer.callbacks, name, args.get(name) is True)
        consumer.membership.subscribe(names)
        return Answer(None)

    def _unsubscribe(self, caller: Caller, args: "Args") -> Reply:
        self._consumer(caller, args).membership.subscribe([])
        return Answer(None)

    def _close(self, caller: Caller, args: "Args") -> Reply:
        """Answers what the application is to be told first, and None when all is done."""
        consumer = self._consumer(caller, args)
        if args.get("finish") is True:
            consumer.finish()
        if not consumer.closing:
            consumer.closing = True
            consumer.membership.close()
        if (found := consumer.last_word()) is not None:
            return Answer(found)
        consumer.unassign(consumer.assigned())
        consumer.membership.leave()
        consumer.membership.me.gone = True
        del self._consumers[caller][cast(int, args["consumer"])]
        return Answer(None)

    # --- polling ---------------------------------------------------------------------------------

    def _poll(self, caller: Caller, args: "Args") -> Reply | Wait:
        consumer, timeout, most = (
            self._consumer(caller, args),
            args.get("timeout"),
            args.get("most"),
        )
        if timeout is not None and not isinstance(timeout, int | float):
            raise BadRequest("a timeout is a number of seconds or None")
        if most is not None and (not isinstance(most, int) or most < 0):
            raise BadRequest("a number of messages is an int, not negative")
        if args.get("finish") is True:
            consumer.finish()
        deadline = None
        if timeout is not None:
            deadline = self._clock.now + seconds(max(0, min(timeout, LONGEST)))
        return consumer.poll(most, deadline)

    def _finish(self, caller: Caller, args: "Args") -> Reply:
        """The application was told and has raised instead of assigning."""
        self._consumer(caller, args).finish()
        return Answer(None)

    # --- the assignment --------------------------------------------------------------------------

    def _assign(self, caller: Caller, args: "Args") -> Reply:
        consumer, wanted = self._consumer(caller, args), partitions(args)
        member = consumer.membership
        failed = "Failed to set assignment: %s"
        if member.protocol == "cooperative":
            raise KafkaFailure(Local.STATE, failed, said=Local.STATE)
        consumer.unassign(consumer.assigned())
        keys = [(topic, number) for topic, number, _ in wanted]
        if len(set(keys)) < len(keys):
            raise KafkaFailure(Local.INVALID_ARG, failed, said=Local.INVALID_ARG)
        if consumer.closing:
            wanted = []
        consumer.reader.add(wanted)
        if member.told and member.tell is not None and member.tell.kind == "assign":
            member.done_assigning()
        return Answer(None)

    def _unassign(self, caller: Caller, args: "Args") -> Reply:
        consumer = self._consumer(caller, args)
        member = consumer.membership
        if member.protocol == "cooperative":
            text = "Failed to remove assignment: %s"
            raise KafkaFailure(Local.STATE, text, said=Local.STATE)
        consumer.unassign(consumer.assigned())
        if member.told and member.tell is not None and member.tell.kind == "revoke":
            member.done_unassigning()
        return Answer(None)

    def _incremental_assign(self, caller: Caller, args: "Args") -> Reply:
        consumer, wanted = self._consumer(caller, args), partitions(args)
        member = consumer.membership
        if member.protocol == "eager":
            raise KafkaFailure(Local.STATE, EAGER)
        seen: set[Key] = set()
        for topic, number, _ in sorted(wanted):
            if (topic, number) in seen:
                raise KafkaFailure(Local.INVALID_ARG, f"Duplicate {topic} [{number}] in input list")
            if (topic, number) in consumer.reader.positions:
                text = f"{topic} [{number}] is already part of the current assignment"
                raise KafkaFailure(Local.CONFLICT, text)
            seen.add((topic, number))
        consumer.reader.add(wanted)
        if member.told and member.tell is not None and member.tell.kind == "assign":
            member.done_assigning()
        return Answer(None)

    def _incremental_unassign(self, caller: Caller, args: "Args") -> Reply:
        consumer = self._consumer(caller, args)
        keys = [(topic, number) for topic, number, _ in partitions(args)]
        member = consumer.membership
        if member.protocol == "eager":
            raise KafkaFailure(Local.STATE, EAGER)
        for topic, number in keys:
            if (topic, number) not in consumer.reader.positions:
                text = (
                    f"{topic} [{number}] can't be unassigned since it is not in the current "
                    "assignment"
                )
                raise KafkaFailure(Local.INVALID_ARG, text)
        consumer.unassign(keys)
        if member.told and member.tell is not None and member.tell.kind == "revoke":
            member.done_unassigning()
        return Answer(None)

    # --- offsets ---------------------------------------------------------------------------------

    def _commit(self, caller: Caller, args: "Args") -> Reply:
        consumer, asynchronous = self._consumer(caller, args), args.get("asynchronous") is not False
        offsets = None if args.get("offsets") is None else stored(args)
        try:
            shown = consumer.commits.now(offsets, asynchronous)
        except KafkaFailure as failure:
            if asynchronous:
                return Answer(None)
            return failure.refusal("read" if failure.code == Local.NO_OFFSET else "changed")
        return Answer(None if asynchronous else shown)

    def _store(self, caller: Caller, args: "Args") -> Reply:
        consumer = self._consumer(caller, args)
        if consumer.settings.stores:
            text = "StoreOffsets failed: %s"
            raise KafkaFailure(Local.INVALID_ARG, text, said=Local.INVALID_ARG)
        offsets, fit = stored(args), 0
        for key, (offset, metadata) in offsets.items():
            if (position := consumer.reader.positions.get(key)) is not None:
                position.stored, position.metadata = offset, metadata
                fit += 1
            elif offset < 0:
                fit += 1
        if offsets and not fit:
            # librdkafka knows any partition of a topic of which it has had one.
            met = any(topic in consumer.reader.seen for topic, _ in offsets)
            code = Local.STATE if met else Local.UNKNOWN_PARTITION
            raise KafkaFailure(code, "StoreOffsets failed: %s", said=code)
        consumer.commits.soon()
        return Answer(None, did="read")

    def _pause(self, caller: Caller, args: "Args") -> Reply:
        consumer, pauses = self._consumer(caller, args), args.get("pauses") is True
        for topic, number, _ in partitions(args):
            if (position := consumer.reader.positions.get((topic, number))) is not None:
                if pauses:
                    consumer.reader.pause(position)
                else:
                    consumer.reader.resume(position)
        return Answer(None, did="read")

    def _seek(self, caller: Caller, args: "Args") -> Reply:
        consumer = self._consumer(caller, args)
        wanted = partitions(args)
        if len(wanted) != 1:
            raise BadRequest("one partition is sought in at a time")
        topic, number, offset = wanted[0]
        position = consumer.reader.positions.get((topic, number))
        if position is None or offset == STORED:
            code = Local.INVALID_ARG
            if position is None:
                known = topic in consumer.reader.seen and there(self._cluster, (topic, number))
                code = Local.STATE if known else Local.UNKNOWN_PARTITION
            raise KafkaFailure(code, f"Failed to seek to offset {offset}: %s", said=code)
        position.consumed = INVALID
        consumer.reader.seek(position, offset)
        return Answer(None, did="read")

    def _consumer(self, caller: Caller, args: "Args") -> Consumer:
        number = args.get("consumer")
        found = self._consumers.get(caller, {}).get(number) if isinstance(number, int) else None
        if found is None:
            raise BadRequest(f"there is no consumer {number!r}")
        return found


def partitions(args: "Args") -> list[tuple[str, int, int]]:
    """The argument ``partitions``: ``[topic, partition, offset, ...]`` each."""
    return [(topic, number, offset) for topic, number, offset, _ in _listed(args, "partitions")]


def stored(args: "Args") -> dict[Key, tuple[int, str]]:
    """The argument ``offsets``: ``[topic, partition, offset, metadata]`` each."""
    return {
        (topic, number): (offset, metadata)
        for topic, number, offset, metadata in _listed(args, "offsets")
    }


def _listed(args: "Args", name: str) -> list[tuple[str, int, int, str]]:
    found: list[tuple[str, int, int, str]] = []
    given = args.get(name)
    for item in given if isinstance(given, list) else [None]:
        match item:
            case [str(topic), int(number), int(offset), (str() | None) as metadata]:
                found.append((topic, number, offset, metadata or ""))
            case [str(topic), int(number), int(offset)]:
                found.append((topic, number, offset, ""))
            case _:
                raise BadRequest(f"{name} must be a list of partitions")
    return found
