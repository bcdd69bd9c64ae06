"""A connection and a channel in the shape of `pika.BlockingConnection` and its channels.

The subset. Channel: `basic_qos(prefetch_count)`, `basic_consume`, `start_consuming`,
`stop_consuming`, `basic_cancel`, `consume` with `inactivity_timeout`, `cancel`, `basic_get`,
`basic_ack`, `basic_nack`, `basic_reject`, `basic_publish`, `queue_declare` (durable, passive),
`queue_purge`, `exchange_declare` (direct), `queue_bind`, `close`, `is_open`, `is_closed`,
`connection`, `channel_number`. Connection: `channel`, `process_data_events`, `sleep`, `close`,
`is_open`, `is_closed`. Names, arguments, defaults and exceptions are those of pika 1.4, and
deliveries carry its own `Basic.Deliver`, `Basic.GetOk` and `BasicProperties`.

An error of the channel closes it (`ChannelClosedByBroker`), and a call on a closed one is a
`ChannelWrongStateError`. One difference: `basic_ack`, `basic_nack`, `basic_reject` and
`basic_publish` have no answer in AMQP, so real pika raises for them at the next call that reads
from the socket; here they raise themselves.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.frame import Method
from pika.spec import Basic, BasicProperties, Queue

from minibroker.clients import Asks, NotInSubset, outside
from minibroker.sim.incarnation import Refused
from minibroker.sim.values import Value

Delivery = dict[str, Value]
Callback = Callable[["Channel", Any, Any, bytes], object]

PROPERTIES = (
    "content_type",
    "content_encoding",
    "headers",
    "delivery_mode",
    "priority",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "timestamp",
    "type",
    "user_id",
    "app_id",
    "cluster_id",
)


class Connection:
    """In the shape of `pika.BlockingConnection`; see the module for the subset."""

    def __init__(self, boundary: Asks) -> None:
        self._boundary = boundary
        self._channels: dict[int, Channel] = {}
        self._open = True
        self._dispatching = False
        self._number = cast(int, self._ask("connect"))

    @property
    def is_open(self) -> bool:
        """Whether the connection can be used."""
        return self._open

    @property
    def is_closed(self) -> bool:
        """Whether it cannot."""
        return not self._open

    def channel(self, channel_number: int | None = None) -> "Channel":
        """Open a channel."""
        if channel_number is not None:
            raise NotInSubset("channel() numbers channels itself here; call it without one")
        number = cast(int, self.ask("channel_open"))
        self._channels[number] = Channel(self, number)
        return self._channels[number]

    def process_data_events(self, time_limit: float | None = 0) -> None:
        """Wait up to `time_limit` seconds (None: for ever) for a delivery and hand it to its
        consumer. Inside a callback it only waits: pika hands out nothing there."""
        if self._dispatching:
            if time_limit is None:
                raise NotInSubset(
                    "process_data_events(None) inside a callback waits for ever, since nothing is "
                    "handed out there; give it a time limit"
                )
            self._boundary.ask("clock", "sleep", seconds=max(0, time_limit))
            return
        event = cast("Delivery | None", self.ask("receive", timeout=time_limit))
        if event is not None:
            self._channels[cast(int, event["channel"])]._dispatch(event)

    def sleep(self, duration: float) -> None:
        """Wait `duration` seconds, handing out deliveries meanwhile (inside a callback: none)."""
        assert duration >= 0, duration
        until = self._boundary.now + duration * 1_000_000
        left = duration
        while True:
            self.process_data_events(left)
            left = (until - self._boundary.now) / 1_000_000
            if left <= 0:
                break

    def close(self, reply_code: int = 200, reply_text: str = "Normal shutdown") -> None:
        """Close; the broker takes back what was not settled."""
        self.ask("connection_close")
        self._open = False
        for channel in self._channels.values():
            channel._gone()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and hasattr(BlockingConnection, name):
            outside("pika.BlockingConnection", name)
        raise AttributeError(f"a connection has no attribute {name!r}")

    def ask(self, op: str, **args: object) -> Value:
        """Cross the boundary for this connection."""
        if not self._open:
            raise exceptions.ConnectionWrongStateError("Connection is closed.")
        return self._ask(op, connection=self._number, **args)

    def _ask(self, op: str, **args: object) -> Value:
        try:
            return self._boundary.ask("amqp", op, **args)
        except Refused as refused:
            if refused.error == "ChannelClosedByBroker":
                raise exceptions.ChannelClosedByBroker(refused.data["code"], str(refused)) from None
            kind: type[Exception] = TypeError if refused.error == "TypeError" else NotInSubset
            raise kind(str(refused)) from None


@dataclass(slots=True)
class _Generator:
    """What `consume()` keeps between deliveries."""

    tag: str
    arguments: tuple[str, bool]
    pending: deque[Delivery] = field(default_factory=deque)


class Channel:
    """In the shape of pika's `BlockingChannel`; see the module for the subset."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.channel_number = number
        self._open = True
        self._tags = 0
        self._callbacks: dict[str, Callback] = {}
        self._generator: _Generator | None = None

    @property
    def is_open(self) -> bool:
        """Whether the channel can be used."""
        return self._open

    @property
    def is_closed(self) -> bool:
        """Whether it cannot."""
        return not self._open

    # --- topology ----------------------------------------------------------------------

    def queue_declare(
        self,
        queue: str,
        passive: bool = False,
        durable: bool = False,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: dict[str, Any] | None = None,
    ) -> Method:
        """Make or find a queue; the answer's `method` has its name and counts."""
        _only_defaults("queue_declare", exclusive=exclusive, auto_delete=auto_delete,
                       arguments=arguments)  # fmt: skip
        found = cast(Any, self._ask("queue_declare", queue=queue, passive=passive,
                                    durable=durable))  # fmt: skip
        return Method(self.channel_number, Queue.DeclareOk(**found))

    def queue_purge(self, queue: str) -> Method:
        """Drop all ready messages of a queue."""
        count = self._ask("queue_purge", queue=queue)
        return Method(self.channel_number, Queue.PurgeOk(message_count=count))

    def exchange_declare(
        self,
        exchange: str,
        exchange_type: str = "direct",
        passive: bool = False,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        """Make or find a direct exchange."""
        kind = getattr(exchange_type, "value", exchange_type)
        if kind != "direct":
            raise NotInSubset(f"exchanges of type {kind!r} are not simulated here; use 'direct'")
        _only_defaults("exchange_declare", auto_delete=auto_delete, internal=internal,
                       arguments=arguments)  # fmt: skip
        self._ask("exchange_declare", exchange=exchange, passive=passive, durable=durable)

    def queue_bind(
        self,
        queue: str,
        exchange: str,
        routing_key: str | None = None,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        """Bind a queue to an exchange; the key is the queue's name if none is given."""
        _only_defaults("queue_bind", arguments=arguments)
        key = queue if routing_key is None else routing_key
        self._ask("queue_bind", queue=queue, exchange=exchange, routing_key=key)

    # --- publishing --------------------------------------------------------------------

    def basic_publish(
        self,
        exchange: str,
        routing_key: str,
        body: bytes | str,
        properties: BasicProperties | None = None,
        mandatory: bool = False,
    ) -> None:
        """Send a message. Without confirms nobody says whether the broker has it."""
        _only_defaults("basic_publish", mandatory=mandatory)
        self._ask(
            "basic_publish",
            exchange=exchange,
            routing_key=routing_key,
            body=body.encode() if isinstance(body, str) else body,
            properties=_sent(properties),
        )

    # --- consuming ---------------------------------------------------------------------

    def basic_qos(
        self, prefetch_size: int = 0, prefetch_count: int = 0, global_qos: bool = False
    ) -> None:
        """Bound the unacked messages of each consumer started from now on; 0 means no bound."""
        _only_defaults("basic_qos", prefetch_size=prefetch_size, global_qos=global_qos)
        self._ask("basic_qos", prefetch_count=prefetch_count)

    def basic_consume(
        self,
        queue: str,
        on_message_callback: Callback,
        auto_ack: bool = False,
        exclusive: bool = False,
        consumer_tag: str | None = None,
        arguments: dict[str, Any] | None = None,
    ) -> str:
        """Subscribe `on_message_callback(channel, method, properties, body)` to a queue."""
        if not callable(on_message_callback):
            raise TypeError(
                f"callback on_message_callback must be callable, but got {on_message_callback!r}"
            )
        _only_defaults("basic_consume", exclusive=exclusive, arguments=arguments)
        tag = self._new_tag(consumer_tag)
        self._callbacks[tag] = on_message_callback
        try:
            self._ask("basic_consume", queue=queue, auto_ack=auto_ack, consumer_tag=tag)
        except BaseException:
            self._callbacks.pop(tag, None)  # when the channel is gone, so are its consumers
            raise
        return tag

    def start_consuming(self) -> None:
        """Hand out deliveries until no consumer is left."""
        if self.connection._dispatching:
            raise exceptions.ReentrancyError(
                "start_consuming may not be called from the scope of another BlockingConnection "
                "or BlockingChannel callback"
            )
        if not self._open:
            raise exceptions.ChannelWrongStateError("Channel is closed.")
        while self._callbacks:
            self.connection.process_data_events(time_limit=None)

    def stop_consuming(self, consumer_tag: str | None = None) -> None:
        """Cancel one consumer, or all of them."""
        if consumer_tag:
            self.basic_cancel(consumer_tag)
            return
        if self._generator is not None:
            self.cancel()
        for tag in list(self._callbacks):
            self.basic_cancel(tag)

    def basic_cancel(self, consumer_tag: str) -> list[Any]:
        """End a subscription; deliveries that its callback has not seen go back. Gives those
        that cannot, because they counted as acked when they were sent."""
        if self._generator is not None and self._generator.tag == consumer_tag:
            self.cancel()
        if self._callbacks.pop(consumer_tag, None) is None:
            return []
        unseen = cast("list[Delivery]", self._ask("basic_cancel", consumer_tag=consumer_tag))
        return [(_deliver(event), _received(event), event["body"]) for event in unseen]

    def consume(
        self,
        queue: str,
        auto_ack: bool = False,
        exclusive: bool = False,
        arguments: dict[str, Any] | None = None,
        inactivity_timeout: float | None = None,
        consumer_tag: str | None = None,
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Yield (method, properties, body) for ever; three None after each
        `inactivity_timeout` seconds without a message."""
        _only_defaults("consume", exclusive=exclusive, arguments=arguments)
        if self._generator is None:
            tag = self._new_tag(consumer_tag)
            self._ask("basic_consume", queue=queue, auto_ack=auto_ack, consumer_tag=tag)
            self._generator = _Generator(tag, (queue, auto_ack))
        elif self._generator.arguments != (queue, auto_ack):
            raise ValueError("consume() is already running with other arguments; cancel() it")
        generator = self._generator
        while self._generator is generator:
            if not generator.pending:
                self.connection.process_data_events(inactivity_timeout)
            if generator.pending:
                event = generator.pending.popleft()
                yield _deliver(event), _received(event), event["body"]
            elif inactivity_timeout is not None:
                yield None, None, None

    def cancel(self) -> int:
        """End `consume()`; what it has not yielded goes back. Gives 0, as pika does."""
        generator, self._generator = self._generator, None
        if generator is None:
            return 0
        self._ask("basic_cancel", consumer_tag=generator.tag)
        if not generator.arguments[1]:
            for event in generator.pending:
                self.basic_nack(cast(int, event["delivery_tag"]))
        return 0

    def basic_get(self, queue: str, auto_ack: bool = False) -> tuple[Any, Any, Any]:
        """Take one message, or three None when there is none."""
        event = cast("Delivery | None", self._ask("basic_get", queue=queue, auto_ack=auto_ack))
        if event is None:
            return None, None, None
        method = Basic.GetOk(
            event["delivery_tag"],
            event["redelivered"],
            event["exchange"],
            event["routing_key"],
            event["message_count"],
        )
        return method, _received(event), event["body"]

    # --- settling ----------------------------------------------------------------------

    def basic_ack(self, delivery_tag: int = 0, multiple: bool = False) -> None:
        """The message is done with; with `multiple`, all up to it."""
        self._ask("basic_ack", delivery_tag=delivery_tag, multiple=multiple)

    def basic_nack(
        self, delivery_tag: int = 0, multiple: bool = False, requeue: bool = True
    ) -> None:
        """The message is not done: back to the queue, or dropped."""
        self._ask("basic_nack", delivery_tag=delivery_tag, multiple=multiple, requeue=requeue)

    def basic_reject(self, delivery_tag: int = 0, requeue: bool = True) -> None:
        """Like `basic_nack`, for one message."""
        self._ask("basic_reject", delivery_tag=delivery_tag, requeue=requeue)

    def close(self, reply_code: int = 0, reply_text: str = "Normal shutdown") -> None:
        """Close the channel; the broker takes back what was not settled."""
        self._ask("channel_close")
        self._gone()

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and hasattr(BlockingChannel, name):
            outside("pika.BlockingChannel", name)
        raise AttributeError(f"a channel has no attribute {name!r}")

    def _dispatch(self, event: Delivery) -> None:
        tag = cast(str, event["consumer_tag"])
        if self._generator is not None and self._generator.tag == tag:
            self._generator.pending.append(event)
        elif (callback := self._callbacks.get(tag)) is not None:
            self.connection._dispatching = True
            try:
                callback(self, _deliver(event), _received(event), cast(bytes, event["body"]))
            finally:
                self.connection._dispatching = False

    def _ask(self, op: str, **args: object) -> Value:
        if not self._open:
            raise exceptions.ChannelWrongStateError("Channel is closed.")
        try:
            return self.connection.ask(op, channel=self.channel_number, **args)
        except exceptions.ChannelClosedByBroker:
            self._gone()
            raise

    def _gone(self) -> None:
        self._open = False
        self._callbacks.clear()
        self._generator = None

    def _new_tag(self, wanted: str | None) -> str:
        """The wanted consumer tag, or one made up."""
        if not wanted:
            self._tags += 1
            return f"ctag{self.channel_number}.{self._tags}"
        if wanted in self._callbacks or (self._generator and self._generator.tag == wanted):
            raise exceptions.DuplicateConsumerTag(wanted)
        return wanted


def _deliver(event: Delivery) -> Basic.Deliver:
    return Basic.Deliver(
        event["consumer_tag"],
        event["delivery_tag"],
        event["redelivered"],
        event["exchange"],
        event["routing_key"],
    )


def _received(event: Delivery) -> BasicProperties:
    return BasicProperties(**cast("dict[str, Any]", event["properties"]))


def _sent(properties: BasicProperties | None) -> dict[str, Any]:
    if properties is None:
        return {}
    if not isinstance(properties, BasicProperties):
        raise TypeError(f"properties must be pika.BasicProperties, but got {properties!r:.60}")
    found = {name: getattr(properties, name, None) for name in PROPERTIES}
    return {name: value for name, value in found.items() if value is not None}


def _only_defaults(call: str, **given: object) -> None:
    for name, value in given.items():
        if value:
            raise NotInSubset(f"{call}({name}={value!r}) is not simulated here; leave {name} out")


MAKERS: dict[str, Callable[[Asks], Any]] = {
    "pika.connection": Connection,
    "pika.channel": lambda boundary: Connection(boundary).channel(),
}
