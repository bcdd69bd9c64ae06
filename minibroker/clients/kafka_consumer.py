"""A consumer in the shape of `confluent_kafka.Consumer`.

The subset: `subscribe`, `unsubscribe`, `poll`, `consume`, `assign`, `unassign`,
`incremental_assign`, `incremental_unassign`, `assignment`, `commit`, `store_offsets`, `committed`,
`position`, `pause`, `resume`, `seek`, `get_watermark_offsets`, `offsets_for_times`, `list_topics`,
`cluster_id`, `memberid`, `consumer_group_metadata`, `close`. Names, arguments, defaults and
exceptions are those of confluent-kafka 2.16; messages, partitions and errors are its own classes.

All that librdkafka does in the background (heartbeats, joining, auto-commit) goes on in the world:
see `minibroker.agents.kafka_consumer`. Only the callbacks are here, which `poll`, `consume` and
`close` call.
"""

from collections.abc import Callable
from typing import Any, NoReturn, cast

from confluent_kafka import Consumer as Real
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from minibroker.clients import Asks, NotInSubset, kafka_config
from minibroker.clients import kafka_values as values
from minibroker.clients.kafka_metadata import CLUSTER, cluster_metadata
from minibroker.sim.clock import SECOND
from minibroker.sim.values import Value

Rebalance = Callable[["Consumer", list[TopicPartition]], object]
Found = dict[str, Any]

MOST = 1_000_000
"""Messages that `consume` can be asked for."""


class Consumer:
    """In the shape of `confluent_kafka.Consumer`; see the module for the subset."""

    _boundary: Asks

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = kafka_config.split("Consumer", args, kwargs)
        self._on_commit = kafka_config.callbacks(given).get("on_commit")
        config = kafka_config.settings("consumer", given)
        if config["group.protocol"] != "classic":
            raise NotInSubset("group.protocol=consumer is not simulated here; leave it out")
        self._on: dict[str, Rebalance] = {}
        self._open = True
        self._assigned = False
        self._group = cast(str, config["group.id"])
        self._number = values.ask(
            self._boundary, "consumer_new", config=config, on_commit=self._on_commit is not None
        )

    # --- subscribing ---------------------------------------------------------------------------

    def subscribe(
        self,
        topics: list[str],
        on_assign: Rebalance | None = None,
        on_revoke: Rebalance | None = None,
        on_lost: Rebalance | None = None,
    ) -> None:
        """Read these topics (``^...`` is a regular expression) as a member of the group, instead
        of those before. The callbacks are called with the consumer and a list of partitions."""
        self._check()
        if not isinstance(topics, list):
            raise TypeError("expected list of topic unicode strings")
        given = {"on_assign": on_assign, "on_revoke": on_revoke, "on_lost": on_lost}
        on: dict[str, Rebalance] = {}
        for name, callback in given.items():
            if callback is None:
                continue
            if not callable(callback):
                raise TypeError(f"{name} expects a callable")
            on[name] = callback
        self._ask("subscribe", topics=[str(topic) for topic in topics],
                  **dict.fromkeys(on, True))  # fmt: skip
        self._on = on

    def unsubscribe(self) -> None:
        """Leave the group; `on_revoke` is called by the next poll."""
        self._ask("unsubscribe")

    # --- polling -------------------------------------------------------------------------------

    def poll(self, timeout: float | None = None) -> Message | None:
        """Wait up to `timeout` seconds (None or below 0: for ever) for a message. None if there is
        none; a message whose `error()` is not None is an event."""
        found = self._wait("poll", timeout)
        return None if found is None else _message(found)

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Message]:
        """Wait up to `timeout` seconds (below 0: for ever) until there are so many messages, and
        give those that there are."""
        if not isinstance(num_messages, int):
            kind = type(num_messages).__name__
            raise TypeError(f"'{kind}' object cannot be interpreted as an integer")
        if not 0 <= num_messages <= MOST:
            raise ValueError("num_messages must be between 0 and 1000000 (1M)")
        found = self._wait("consume", timeout, most=num_messages)
        return [_message(item) for item in (found or {"records": []})["records"]]

    def _wait(self, op: str, timeout: float | None, **args: Value) -> Found | None:
        self._check()
        if timeout is not None and not isinstance(timeout, int | float):
            raise TypeError(f"must be real number, not {type(timeout).__name__}")
        if timeout is not None and timeout < 0:
            timeout = None
        until = 0 if timeout is None else self._boundary.now + round(timeout * SECOND)
        while True:
            found = cast("Found | None", self._ask(op, timeout=timeout, **args))
            args.pop("finish", None)
            if found is None or not self._is_call(found):
                return found
            if not self._call(found):
                args["finish"] = True
            if timeout is not None:
                timeout = max(0, until - self._boundary.now) / SECOND

    @staticmethod
    def _is_call(found: Found) -> bool:
        return "assign" in found or "revoke" in found or "committed" in found

    def _call(self, found: Found) -> bool:
        """Call the callback for what was found. False when librdkafka now assigns or unassigns by
        itself."""
        if (report := found.get("committed")) is not None:
            if self._on_commit is not None:
                code = report["error"]
                problem = None if code is None else KafkaError(code)
                self._on_commit(problem, _partitions(report["offsets"]))
            return True
        if (given := found.get("assign")) is not None:
            callback = self._on.get("on_assign")
        else:
            given = found["revoke"]
            callback = self._on.get("on_revoke")
            if found["lost"]:
                callback = self._on.get("on_lost", callback)
        self._assigned = False
        if callback is not None:
            try:
                callback(self, [TopicPartition(topic, number) for topic, number in given])
            except Exception:
                if not self._assigned:
                    self._ask("finish")
                raise
        return self._assigned

    # --- the assignment ------------------------------------------------------------------------

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Read these partitions and no others, each from its offset if it has one."""
        self._change("assign", partitions)

    def unassign(self) -> None:
        """Read nothing any more."""
        self._check()
        self._assigned = True
        self._ask("unassign")

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        """Read these partitions as well."""
        self._change("incremental_assign", partitions)

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        """Read these partitions no more."""
        self._change("incremental_unassign", partitions)

    def _change(self, op: str, partitions: object) -> None:
        self._check()
        sent = values.sent_offsets(partitions)
        self._assigned = True
        self._ask(op, partitions=sent)

    def assignment(self) -> list[TopicPartition]:
        """The partitions that are read."""
        found = cast("list[Any]", self._ask("assignment"))
        return [TopicPartition(topic, number, offset) for topic, number, offset in found]

    def pause(self, partitions: list[TopicPartition]) -> None:
        """Hand out nothing of these partitions until they are resumed."""
        self._check()
        self._ask("pause", partitions=values.sent_offsets(partitions), pauses=True)

    def resume(self, partitions: list[TopicPartition]) -> None:
        """Hand out messages of these partitions again."""
        self._check()
        self._ask("resume", partitions=values.sent_offsets(partitions))

    def seek(self, partition: TopicPartition) -> None:
        """Go on reading an assigned partition at the given offset."""
        self._check()
        self._ask("seek", partitions=[_one(partition)])

    # --- offsets -------------------------------------------------------------------------------

    def commit(
        self,
        message: Message | None = None,
        offsets: list[TopicPartition] | None = None,
        asynchronous: bool = True,
    ) -> list[TopicPartition] | None:
        """Commit the offset after a message, or given offsets, or else all that are stored. Unless
        `asynchronous`, wait for the broker's word and give what was committed."""
        self._check()
        if message is not None and offsets is not None:
            raise ValueError("message and offsets are mutually exclusive")
        sent = None if offsets is None else values.sent_offsets(offsets)
        if message is not None:
            sent = [_after(message, "commit")]
        found = self._ask("commit", offsets=sent, asynchronous=bool(asynchronous))
        return None if found is None else _partitions(cast("list[Any]", found))

    def store_offsets(
        self, message: Message | None = None, offsets: list[TopicPartition] | None = None
    ) -> None:
        """Say what the next auto-commit, or commit without offsets, is to commit: the offset after
        a message, or given offsets. Needs ``enable.auto.offset.store=false``."""
        self._check()
        if message is not None and offsets is not None:
            raise ValueError("message and offsets are mutually exclusive")
        if message is None and offsets is None:
            raise ValueError("expected either message or offsets")
        sent = [_after(message, "store")] if offsets is None else values.sent_offsets(offsets)
        self._ask("store_offsets", offsets=sent)

    def committed(
        self, partitions: list[TopicPartition], timeout: float | None = None
    ) -> list[TopicPartition]:
        """The offsets that the group has committed; -1001 where there is none."""
        self._check()
        return _partitions(self._ask("committed", partitions=values.sent_offsets(partitions)))

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """The offset after the last message that was handed out; -1001 where none was."""
        self._check()
        return _partitions(self._ask("position", partitions=values.sent_offsets(partitions)))

    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float | None = None, cached: bool = False
    ) -> tuple[int, int]:
        """The first offset of a partition and the one after its last."""
        self._check()
        sent = [_one(partition)]
        low, high = cast("list[int]", self._ask("watermarks", partitions=sent, cached=bool(cached)))
        return low, high

    def offsets_for_times(
        self, partitions: list[TopicPartition], timeout: float | None = None
    ) -> list[TopicPartition]:
        """The first offsets at or after times, given in milliseconds in place of offsets; -1 where
        there is none."""
        self._check()
        sent = values.sent_offsets(partitions)
        return _partitions(self._ask("offsets_for_times", partitions=sent))

    # --- the group -----------------------------------------------------------------------------

    def memberid(self) -> str | None:
        """Its member id, if it has one."""
        return cast(str, cast(Found, self._ask("group_metadata"))["member_id"]) or None

    def consumer_group_metadata(self) -> bytes:
        """Who it is in its group, for a transactional producer's `send_offsets_to_transaction`."""
        return values.group_metadata(**cast(Any, self._ask("group_metadata")))

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """The cluster's brokers and topics."""
        if not self._open:
            raise RuntimeError("Handle has been closed")
        found = values.ask(self._boundary, "list_topics", topic=topic, create=False)
        return cluster_metadata(found)

    def cluster_id(self, timeout: float = -1) -> str:
        """The cluster's id."""
        return CLUSTER

    def close(self) -> None:
        """Give up all partitions, which calls `on_revoke`, commit what is to be committed by
        itself, and leave the group."""
        if not self._open:
            return
        finish = False
        while (found := cast("Found | None", self._ask("close", finish=finish))) is not None:
            finish = not self._call(found)
        self._open = False

    def __enter__(self) -> "Consumer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        from minibroker.clients.confluent_kafka import refuse

        refuse("Consumer", Real, name)

    def _check(self) -> None:
        if not self._open:
            raise RuntimeError("Consumer closed")

    def _ask(self, op: str, **args: object) -> Value:
        self._check()
        return values.ask(self._boundary, op, consumer=self._number, **args)


def _message(found: Found) -> Message:
    if (record := found.get("record")) is not None:
        return values.message(record)
    event = found["error"]
    problem = values.error(event)
    return Message(
        topic=event["topic"] or None,
        partition=event["partition"],
        offset=event["offset"],
        value=problem.str().encode(),
        error=problem,
        timestamp=(0, -1),
    )


def _one(partition: object) -> list[Value]:
    if not isinstance(partition, TopicPartition):
        raise TypeError("expected cimpl.TopicPartition")
    return values.sent_offsets([partition])[0]


def _after(message: object, verb: str) -> list[Value]:
    if not isinstance(message, Message):
        raise TypeError("expected confluent_kafka.cimpl.Message")
    if (problem := message.error()) is not None:
        text = f"Cannot {verb} offsets for message with error: '{problem.str()}'"
        raise KafkaException(KafkaError(KafkaError._INVALID_ARG, text))
    return [message.topic(), message.partition(), cast(int, message.offset()) + 1, None]


def _partitions(found: Value) -> list[TopicPartition]:
    return [
        TopicPartition(topic, number, offset, *(metadata if metadata != [""] else []))
        if code is None
        else Failed(topic, number, offset, code)
        for topic, number, offset, code, *metadata in cast("list[Any]", found)
    ]


class Failed(TopicPartition):
    """A partition with an error, which the real class gets from nobody but librdkafka."""

    def __init__(self, topic: str, partition: int, offset: int, code: int) -> None:
        super().__init__(topic, partition, offset)
        self._error = KafkaError(code)

    @property
    def error(self) -> KafkaError:  # type: ignore[override]
        """Why nothing was done for this partition."""
        return self._error

    def __repr__(self) -> str:
        return super().__repr__().replace("error=None", f"error={self._error!r}")

    __str__ = __repr__
