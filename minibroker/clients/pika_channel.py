"""A channel in the shape of `pika.BlockingConnection`'s.

The subset: `basic_qos(prefetch_count)`, `basic_consume`, `start_consuming`, `stop_consuming`,
`basic_cancel`, `add_on_cancel_callback`, `consumer_tags`, `consume` with `inactivity_timeout`,
`get_waiting_message_count`, `cancel`, `basic_get`, `basic_ack`, `basic_nack`, `basic_reject`,
`basic_recover(requeue=True)`, `basic_publish`, `confirm_delivery`, `add_on_return_callback`,
`queue_declare`, `queue_delete`, `queue_purge`, `queue_bind`, `queue_unbind`, `exchange_declare`,
`exchange_delete`, `exchange_bind`, `exchange_unbind`, `close`, `is_open`, `is_closed`,
`connection`, `channel_number`; and direct replies (RabbitMQ, "Direct Reply-to"). Names, arguments,
defaults and exceptions are those of pika 1.4, and deliveries carry its own `Basic.Deliver`,
`Basic.GetOk` and `BasicProperties`.

An error of the channel closes it (`ChannelClosedByBroker`), and a call on a closed one is a
`ChannelWrongStateError`. One difference: `basic_ack`, `basic_nack`, `basic_reject` and
`basic_publish` have no answer in AMQP, so real pika raises for them at the next call that reads
from the socket; here they raise themselves.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, cast

from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel
from pika.frame import Method
from pika.spec import Basic, BasicProperties, Exchange, Queue

from minibroker.clients import NotInSubset, outside
from minibroker.clients import pika_values as values
from minibroker.clients.pika_values import Event
from minibroker.sim.clock import SECOND
from minibroker.sim.values import Value

if TYPE_CHECKING:
    from minibroker.clients.pika import Connection

Callback = Callable[["Channel", Any, Any, bytes], object]


@dataclass(slots=True)
class _Generator:
    """What `consume()` keeps between deliveries."""

    tag: str
    arguments: tuple[str, bool, bool]
    pending: deque[Event] = field(default_factory=deque)
    ended: bool = False
    """Whether the broker has ended the subscription."""


class Channel:
    """In the shape of pika's `BlockingChannel`; see the module for the subset."""

    def __init__(self, connection: "Connection", number: int) -> None:
        self.connection = connection
        self.channel_number = number
        self._open = True
        self._tags = 0
        self._callbacks: dict[str, Callback] = {}
        self._generator: _Generator | None = None
        self._on_return: list[Callback] = []
        self._on_cancel: list[Callable[[Method], object]] = []
        self._confirming = False

    @property
    def is_open(self) -> bool:
        """Whether the channel can be used."""
        return self._open

    @property
    def is_closed(self) -> bool:
        """Whether it cannot."""
        return not self._open

    @property
    def consumer_tags(self) -> list[str]:
        """The tags of its subscriptions."""
        mine = [self._generator.tag] if self._generator is not None else []
        return [*self._callbacks, *mine]

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
        found = self._ask("queue_declare", queue=queue, passive=passive, durable=durable,
                          exclusive=exclusive, auto_delete=auto_delete,
                          arguments=values.simulated(arguments))  # fmt: skip
        return self._answer(Queue.DeclareOk(**cast(Any, found)))

    def queue_delete(self, queue: str, if_unused: bool = False, if_empty: bool = False) -> Method:
        """Delete a queue with all that is in it."""
        count = self._ask("queue_delete", queue=queue, if_unused=if_unused, if_empty=if_empty)
        return self._answer(Queue.DeleteOk(message_count=count))

    def queue_purge(self, queue: str) -> Method:
        """Drop all ready messages of a queue."""
        return self._answer(Queue.PurgeOk(message_count=self._ask("queue_purge", queue=queue)))

    def queue_bind(
        self,
        queue: str,
        exchange: str,
        routing_key: str | None = None,
        arguments: dict[str, Any] | None = None,
    ) -> Method:
        """Bind a queue to an exchange; the key is the queue's name if none is given."""
        key = queue if routing_key is None else routing_key
        self._ask("queue_bind", queue=queue, exchange=exchange, routing_key=key,
                  arguments=arguments)  # fmt: skip
        return self._answer(Queue.BindOk())

    def queue_unbind(
        self,
        queue: str,
        exchange: str,
        routing_key: str | None = None,
        arguments: dict[str, Any] | None = None,
    ) -> Method:
        """Take a queue's binding away."""
        key = queue if routing_key is None else routing_key
        self._ask("queue_unbind", queue=queue, exchange=exchange, routing_key=key,
                  arguments=arguments)  # fmt: skip
        return self._answer(Queue.UnbindOk())

    def exchange_declare(
        self,
        exchange: str,
        exchange_type: str = "direct",
        passive: bool = False,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: dict[str, Any] | None = None,
    ) -> Method:
        """Make or find a direct, fanout, topic or headers exchange."""
        kind = getattr(exchange_type, "value", exchange_type)
        self._ask("exchange_declare", exchange=exchange, exchange_type=kind, passive=passive,
                  durable=durable, auto_delete=auto_delete, internal=internal,
                  arguments=arguments)  # fmt: skip
        return self._answer(Exchange.DeclareOk())

    def exchange_delete(self, exchange: str | None = None, if_unused: bool = False) -> Method:
        """Delete an exchange with its bindings."""
        self._ask("exchange_delete", exchange=exchange, if_unused=if_unused)
        return self._answer(Exchange.DeleteOk())

    def exchange_bind(
        self,
        destination: str,
        source: str,
        routing_key: str = "",
        arguments: dict[str, Any] | None = None,
    ) -> Method:
        """Let `source` pass messages on to the exchange `destination`."""
        self._ask("exchange_bind", destination=destination, source=source,
                  routing_key=routing_key, arguments=arguments)  # fmt: skip
        return self._answer(Exchange.BindOk())

    def exchange_unbind(
        self,
        destination: str | None = None,
        source: str | None = None,
        routing_key: str = "",
        arguments: dict[str, Any] | None = None,
    ) -> Method:
        """Take such a binding away."""
        self._ask("exchange_unbind", destination=destination, source=source,
                  routing_key=routing_key, arguments=arguments)  # fmt: skip
        return self._answer(Exchange.UnbindOk())

    def _answer(self, method: Any) -> Method:
        return Method(self.channel_number, method)

    # --- publishing --------------------------------------------------------------------

    def confirm_delivery(self) -> None:
        """From now on `basic_publish` waits for the broker's word: `NackError` when it did not
        take the message, `UnroutableError` when a mandatory one came back."""
        if not self._confirming:
            self._ask("confirm_select")
            self._confirming = True

    def add_on_return_callback(self, callback: Callback) -> None:
        """Call `callback(channel, method, properties, body)` for each mandatory message that
        comes back."""
        self._on_return.append(callback)

    def basic_publish(
        self,
        exchange: str,
        routing_key: str,
        body: bytes | str,
        properties: BasicProperties | None = None,
        mandatory: bool = False,
    ) -> None:
        """Send a message. Without confirms nobody says whether the broker has it."""
        confirmed = self._ask(
            "basic_publish",
            exchange=exchange,
            routing_key=routing_key,
            body=body.encode() if isinstance(body, str) else body,
            properties=values.sent(properties),
            mandatory=mandatory,
            returns=bool(self._on_return),
        )
        if isinstance(confirmed, dict):
            if not confirmed["acked"]:
                raise exceptions.NackError([])
            if isinstance(came_back := confirmed["returned"], dict):
                raise exceptions.UnroutableError([values.returned(came_back)])

    # --- consuming ---------------------------------------------------------------------

    def add_on_cancel_callback(self, callback: Callable[[Method], object]) -> None:
        """Call `callback(method_frame)` when the broker ends a subscription, because its queue is
        gone."""
        self._on_cancel.append(callback)

    def basic_qos(
        self, prefetch_size: int = 0, prefetch_count: int = 0, global_qos: bool = False
    ) -> None:
        """Bound the unacked messages of each consumer started from now on; 0 means no bound."""
        values.only_defaults("basic_qos", prefetch_size=prefetch_size, global_qos=global_qos)
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
        tag = self._new_tag(consumer_tag)
        self._callbacks[tag] = on_message_callback
        try:
            self._ask("basic_consume", queue=queue, auto_ack=auto_ack, consumer_tag=tag,
                      exclusive=exclusive, arguments=arguments)  # fmt: skip
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
        unseen = cast("list[Event]", self._ask("basic_cancel", consumer_tag=consumer_tag))
        return [(values.deliver(event), values.received(event), event["body"]) for event in unseen]

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
        if self._generator is None:
            tag = self._new_tag(consumer_tag)
            self._ask("basic_consume", queue=queue, auto_ack=auto_ack, consumer_tag=tag,
                      exclusive=exclusive, arguments=arguments)  # fmt: skip
            self._generator = _Generator(tag, (queue, auto_ack, exclusive))
        elif self._generator.arguments != (queue, auto_ack, exclusive):
            raise ValueError("consume() is already running with other arguments; cancel() it")
        generator = self._generator
        while self._generator is generator:
            if not (generator.pending or generator.ended):
                self._wait_for(generator, inactivity_timeout)
            if generator.pending:
                event = generator.pending.popleft()
                yield values.deliver(event), values.received(event), event["body"]
            elif generator.ended:
                self._generator = None
            elif inactivity_timeout is not None and self._generator is generator:
                yield None, None, None

    def _wait_for(self, generator: _Generator, limit: float | None) -> None:
        """Wait until there is something for the generator, or `limit` seconds."""
        until = None if limit is None else self.connection._boundary.now + limit * SECOND
        while self._generator is generator and not (generator.pending or generator.ended):
            self.connection.process_data_events(limit)
            if until is not None:
                limit = (until - self.connection._boundary.now) / SECOND
                if limit <= 0:
                    break

    def get_waiting_message_count(self) -> int:
        """How many messages `consume()` could yield without waiting."""
        if self._generator is None:
            return 0
        pushed = cast(int, self._ask("waiting", consumer_tag=self._generator.tag))
        return len(self._generator.pending) + pushed

    def cancel(self) -> int:
        """End `consume()`; what it has not yielded goes back. Gives 0, as pika does."""
        generator, self._generator = self._generator, None
        if generator is None:
            return 0
        self._ask("basic_cancel", consumer_tag=generator.tag)
        if not generator.arguments[1]:
            for event in generator.pending:
                self.basic_reject(cast(int, event["delivery_tag"]))
        return 0

    def basic_get(self, queue: str, auto_ack: bool = False) -> tuple[Any, Any, Any]:
        """Take one message, or three None when there is none."""
        event = cast("Event | None", self._ask("basic_get", queue=queue, auto_ack=auto_ack))
        if event is None:
            return None, None, None
        return values.get_ok(event), values.received(event), event["body"]

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

    def basic_recover(self, requeue: bool = False) -> None:
        """All that was handed out on the channel and not settled goes back."""
        if not requeue:
            raise NotInSubset(
                "RabbitMQ does not know basic_recover(requeue=False); call it with requeue=True"
            )
        self._ask("basic_recover")

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

    def _dispatch(self, event: Event) -> None:
        """Hand on what the broker sent: a delivery, the end of a subscription, or a message that
        came back."""
        if "cancelled" in event:
            self._cancelled(cast(str, event["cancelled"]))
        elif isinstance(came_back := event.get("returned"), dict):
            message = values.returned(came_back)
            for callback in list(self._on_return):
                self._call(callback, self, message.method, message.properties, message.body)
        else:
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        tag = cast(str, event["consumer_tag"])
        if self._generator is not None and self._generator.tag == tag:
            self._generator.pending.append(event)
        elif (callback := self._callbacks.get(tag)) is not None:
            properties = values.received(event)
            self._call(callback, self, values.deliver(event), properties, event["body"])

    def _cancelled(self, tag: str) -> None:
        if self._generator is not None and self._generator.tag == tag:
            self._generator.ended = True
        elif self._callbacks.pop(tag, None) is not None:
            for callback in list(self._on_cancel):
                self._call(callback, self._answer(Basic.Cancel(consumer_tag=tag)))

    def _call(self, callback: Callable[..., object], *given: object) -> None:
        self.connection._dispatching = True
        try:
            callback(*given)
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
