"""A producer in the shape of `confluent_kafka.Producer`.

The subset: `produce`, `poll`, `flush`, `purge`, `list_topics`, `len()`,
`close` and ``with``; `init_transactions`, `begin_transaction`, `send_offsets_to_transaction`,
`commit_transaction`, `abort_transaction`. Names, arguments, defaults, exceptions and their words
are those of confluent-kafka 2.16.

A delivery report's callback runs inside `poll`, `flush`, `commit_transaction` or
`abort_transaction`, never by itself. The callbacks and the records' keys and values are kept here,
and die with the process; the queue itself is kept by the agent, which sends it in the background.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias, cast

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message

from minibroker.clients import Asks
from minibroker.clients import kafka_config as config
from minibroker.clients import kafka_values as values
from minibroker.clients.confluent_kafka import refuse
from minibroker.clients.kafka_metadata import cluster_metadata
from minibroker.sim.values import Value

Report: TypeAlias = Callable[[KafkaError | None, Message], object]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What is kept of a record until its report."""

    topic: str
    key: bytes | None
    value: bytes | None
    report: Report | None


class Producer:
    """In the shape of `confluent_kafka.Producer`; see the module for the subset."""

    _boundary: Asks

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = config.split("Producer", args, kwargs)
        callbacks = config.callbacks(given)
        if "on_commit" in callbacks:
            config.invalid('No such configuration property: "on_commit"')
        self._settings = config.settings("producer", given)
        self._on_delivery = callbacks.get("on_delivery")
        self._sent: dict[int, _Sent] = {}
        self._bytes = 0
        self._closed = False
        self._number = cast(int, values.ask(self._boundary, "producer_new", config=self._settings))

    # --- records -----------------------------------------------------------------------------

    def produce(
        self,
        topic: str,
        value: str | bytes | None = None,
        key: str | bytes | None = None,
        partition: int = -1,
        callback: Report | None = None,
        on_delivery: Report | None = None,
        timestamp: int = 0,
        headers: Any = None,
    ) -> None:
        """Put a record into the queue, from which it is sent in the background. Whether it was
        delivered is told to `on_delivery(err, msg)` at a later `poll` or `flush`. Raises
        `BufferError` when the queue is full of records that were not delivered or reported yet."""
        self._check_open()
        if not isinstance(topic, str):
            raise TypeError(f"argument 1 must be str, not {type(topic).__name__}")
        for given in (partition, timestamp):
            if not isinstance(given, int):
                kind = type(given).__name__
                raise TypeError(f"'{kind}' object cannot be interpreted as an integer")
        report = on_delivery if on_delivery is not None else callback
        if report is not None and not callable(report):
            raise TypeError(f"on_delivery must be callable, not {report!r}")
        sent = _Sent(
            topic,
            values.as_bytes("key", key),
            values.as_bytes("value", value),
            report or self._on_delivery,
        )
        crossing = values.sent_headers(headers)
        size = _size(sent)
        if size > cast(float, self._settings["message.max.bytes"]):
            code = KafkaError.MSG_SIZE_TOO_LARGE
            words = KafkaError(code).str()
            raise KafkaException(KafkaError(code, f"Unable to produce message: {words}"))
        most = cast(float, self._settings["queue.buffering.max.messages"])
        room = cast(float, self._settings["queue.buffering.max.kbytes"]) * 1024
        if (most and len(self._sent) >= most) or self._bytes + size > room:
            raise BufferError("Local: Queue full")
        number = self._ask(
            "produce",
            topic=topic,
            partition=partition,
            key=sent.key,
            value=sent.value,
            headers=crossing,
            timestamp=timestamp,
        )
        self._sent[cast(int, number)] = sent
        self._bytes += size

    def poll(self, timeout: float = -1) -> int:
        """Wait up to `timeout` seconds (-1: for ever) for something to tell, and call back for all
        there is. Gives how many callbacks that were."""
        self._check_open()
        return self._serve(self._ask("producer_poll", timeout=_limit(timeout)))

    def flush(self, timeout: float = -1) -> int:
        """Send what waits at once, and call back for each record as it ends, until there is none
        left or `timeout` seconds (-1: for ever) are over. Gives how many are left."""
        self._check_open()
        self._flush(_limit(timeout))
        return len(self._sent)

    def purge(self, in_queue: bool = True, in_flight: bool = True, blocking: bool = True) -> None:
        """Give up records that wait or fly; their reports say so at the next `poll`."""
        self._check_open()
        self._ask("purge", in_queue=bool(in_queue), in_flight=bool(in_flight))

    def close(self) -> bool:
        """Abort the transaction that is open, flush, and end."""
        if self._closed:
            return True
        if self._settings["transactional.id"] is not None:
            with suppress(KafkaException):  # there is none, or it is too late
                self.abort_transaction()
        self.flush()
        self._closed = True
        return True

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """The cluster's topics with their partitions, as `ClusterMetadata`."""
        self._check_open()
        return cluster_metadata(
            values.ask(self._boundary, "list_topics", topic=topic, create=topic is not None)
        )

    def __len__(self) -> int:
        return len(self._sent)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> "Producer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- transactions --------------------------------------------------------------------------

    def init_transactions(self, timeout: float = -1) -> None:
        """Take over the ``transactional.id``: fences who had it before, and aborts what it left
        open. Once, before all else."""
        self._check_open()
        self._ask("init_transactions", timeout=_limit(timeout))

    def begin_transaction(self) -> None:
        """Begin a transaction; what is produced from now on is of it."""
        self._check_open()
        self._ask("begin_transaction")

    def send_offsets_to_transaction(
        self, positions: Any, group_metadata: Any, timeout: float = -1
    ) -> None:
        """Let a consumer's offsets be committed with the transaction, or not at all."""
        self._check_open()
        offsets = values.sent_offsets(positions)
        self._ask(
            "send_offsets",
            offsets=offsets,
            timeout=_limit(timeout),
            **values.sent_group(group_metadata),
        )

    def commit_transaction(self, timeout: float = -1) -> None:
        """Flush, and commit. Raises a retriable, an abortable or a fatal `KafkaError`."""
        self._check_open()
        began, limit = self._boundary.now, _limit(timeout)
        if self._sent:
            self._flush(limit, committing=True)
            if limit is not None:
                limit = max(0.0, limit - (self._boundary.now - began) / 1_000_000)
        self._ask("commit_transaction", timeout=limit)

    def abort_transaction(self, timeout: float = -1) -> None:
        """Give up what was not sent, and abort."""
        self._check_open()
        self._ask("abort_transaction", timeout=_limit(timeout))
        if self._sent:
            self._serve(self._ask("producer_poll", timeout=0))

    # --- within --------------------------------------------------------------------------------

    def _flush(self, limit: float | None, committing: bool = False) -> None:
        until = None if limit is None else self._boundary.now + limit * 1_000_000
        while True:
            self._serve(self._ask("flush", timeout=limit, committing=committing))
            if not self._sent:
                return
            if until is not None:
                limit = (until - self._boundary.now) / 1_000_000
                if limit <= 0:
                    return

    def _serve(self, news: Value) -> int:
        """Call back for what there is to tell."""
        served = 0
        fatal: KafkaError | None = None
        raised: BaseException | None = None
        for item in cast("list[dict[str, Any]]", news):
            if "message" not in item:
                fatal = values.error(item["error"])
                continue
            served += 1
            sent = self._sent.pop(item["message"])
            self._bytes -= _size(sent)
            if sent.report is not None:
                try:
                    self._report(sent, item, sent.report)
                except Exception as error:  # the others are called all the same, as there
                    raised = raised or error
        if raised is not None:
            raise raised
        if fatal is not None:
            raise KafkaException(fatal)
        return served

    def _report(self, sent: _Sent, item: dict[str, Any], report: Report) -> None:
        error = KafkaError(item["error"]) if item["error"] else None
        if error is None and self._settings["delivery.report.only.error"]:
            return
        known: dict[str, Any] = {}
        if item["partition"] >= 0:
            known["partition"] = item["partition"]
        if item["offset"] is not None:
            known["offset"] = item["offset"]
        message = Message(
            topic=sent.topic,
            key=sent.key,
            value=sent.value,
            timestamp=(0, -1) if error else tuple(item["timestamp"]),
            latency=item["latency"],
            error=error,
            **known,
        )
        report(error, message)

    def _ask(self, op: str, **args: object) -> Value:
        return values.ask(self._boundary, op, producer=self._number, **args)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Producer has been closed")

    def __getattr__(self, name: str) -> NoReturn:
        refuse("Producer", confluent_kafka.Producer, name)


def _size(sent: _Sent) -> int:
    return len(sent.key or b"") + len(sent.value or b"")


def _limit(timeout: object) -> float | None:
    """Seconds, or None for no limit."""
    if not isinstance(timeout, int | float):
        raise TypeError(f"must be real number, not {type(timeout).__name__}")
    return None if timeout < 0 else timeout
