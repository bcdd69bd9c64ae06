"""Answers the `pika`-shaped client: joins its connections and channels to the queue engine.

A connection's inbox is its socket: what the broker has pushed and the client has not read. It
is lost with the connection, and the broker then requeues what was not settled, at once and
marked as redelivered (AMQP needs no timeout to notice a closed socket).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.errors import ChannelError
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.values import Value

Args = dict[str, Value]


@dataclass(slots=True)
class Socket:
    """One connection: its channels by number, and what was pushed and not yet read."""

    channels: dict[int, Channel] = field(default_factory=dict)
    inbox: deque[Value] = field(default_factory=deque)


class BadRequest(Exception):
    """An argument is of a type that the real client would not have sent."""


class AmqpAgent:
    """One broker's side of all `pika`-shaped clients."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._sockets: dict[Caller, dict[int, Socket]] = {}
        self._ops: dict[str, Callable[[Caller, Args], Reply | Wait]] = {
            "connect": self._connect,
            "channel_open": self._channel_open,
            "queue_declare": self._queue_declare,
            "queue_purge": self._queue_purge,
            "exchange_declare": self._exchange_declare,
            "queue_bind": self._queue_bind,
            "basic_publish": self._publish,
            "basic_qos": self._qos,
            "basic_consume": self._consume,
            "basic_cancel": self._cancel,
            "basic_get": self._get,
            "basic_ack": self._ack,
            "basic_nack": self._nack,
            "basic_reject": self._reject,
            "receive": self._receive,
            "channel_close": self._channel_close,
            "connection_close": self._connection_close,
        }

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        handle = self._ops.get(op)
        if handle is None:
            return no_such("amqp", op)
        try:
            return handle(caller, args)
        except BadRequest as bad:
            return Refusal("TypeError", f"{op}: {bad}")
        except ChannelError as error:
            self._channel(caller, args, close=str(error))
            return Refusal("ChannelClosedByBroker", error.text, {"code": error.code}, did="changed")

    def lost(self, caller: Caller) -> None:
        """Close all its sockets."""
        self._close(*self._sockets.pop(caller, {}).values())

    def silent(self, caller: Caller, until: int) -> None:
        """Not yet."""

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Refusal | None:
        """Not yet."""
        return None

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """Not yet."""
        return False

    # --- connections and channels ----------------------------------------------------------

    def _connect(self, caller: Caller, args: Args) -> Reply:
        sockets = self._sockets.setdefault(caller, {})
        number = len(sockets) + 1
        sockets[number] = Socket()
        return Answer(number, did="read")

    def _channel_open(self, caller: Caller, args: Args) -> Reply:
        socket = self._socket(caller, args)
        number = len(socket.channels) + 1

        def deliver(delivery: Delivery) -> None:
            socket.inbox.append(_as_value(number, delivery))

        socket.channels[number] = self._broker.open_channel(caller.label, deliver)
        return Answer(number, did="read")

    def _channel_close(self, caller: Caller, args: Args) -> Reply:
        self._channel(caller, args, close="channel closed")
        return Answer(None)

    def _connection_close(self, caller: Caller, args: Args) -> Reply:
        self._close(self._socket(caller, args))
        return Answer(None)

    def _close(self, *sockets: Socket) -> None:
        """Close all at once: what one channel gives back is pushed to none of the others."""
        channels = [channel for socket in sockets for channel in socket.channels.values()]
        for channel in channels:
            for tag in list(channel.consumers):
                self._broker.cancel(channel, tag)
        for channel in channels:
            self._broker.close(channel, "connection lost")
        for socket in sockets:
            socket.inbox.clear()

    def _socket(self, caller: Caller, args: Args) -> Socket:
        number = args.get("connection")
        found = self._sockets.get(caller, {}).get(number) if isinstance(number, int) else None
        if found is None:
            raise BadRequest(f"there is no connection {number!r}")
        return found

    def _channel(self, caller: Caller, args: Args, close: str = "") -> Channel:
        socket, number = self._socket(caller, args), args.get("channel")
        channel = socket.channels.get(number) if isinstance(number, int) else None
        if channel is None:
            raise BadRequest(f"there is no channel {number!r}")
        if close:
            self._broker.close(channel, "channel closed")
            socket.inbox = deque(
                event
                for event in socket.inbox
                if not (isinstance(event, dict) and event["channel"] == number)
            )
        elif not channel.open:
            raise BadRequest(f"channel {number!r} is closed")
        return channel

    # --- topology ----------------------------------------------------------------------------

    def _queue_declare(self, caller: Caller, args: Args) -> Reply:
        self._channel(caller, args)
        queue = self._broker.declare_queue(
            _text(args, "queue"), _flag(args, "durable"), _flag(args, "passive")
        )
        return Answer(
            {
                "queue": queue.name,
                "message_count": len(queue),
                "consumer_count": len(queue.consumers),
            },
            did="read" if _flag(args, "passive") else "changed",
        )

    def _queue_purge(self, caller: Caller, args: Args) -> Reply:
        channel = self._channel(caller, args)
        return Answer(self._broker.purge(channel.owner, _text(args, "queue")))

    def _exchange_declare(self, caller: Caller, args: Args) -> Reply:
        self._channel(caller, args)
        self._broker.declare_exchange(
            _text(args, "exchange"), _flag(args, "durable"), _flag(args, "passive")
        )
        return Answer(None)

    def _queue_bind(self, caller: Caller, args: Args) -> Reply:
        self._channel(caller, args)
        self._broker.bind(_text(args, "queue"), _text(args, "exchange"), _text(args, "routing_key"))
        return Answer(None)

    # --- messages ----------------------------------------------------------------------------

    def _publish(self, caller: Caller, args: Args) -> Reply:
        channel = self._channel(caller, args)
        body, properties = args.get("body"), args.get("properties")
        if not isinstance(body, bytes) or not isinstance(properties, dict):
            raise BadRequest("body must be bytes or str, properties BasicProperties")
        self._broker.publish(
            channel.owner, _text(args, "exchange"), _text(args, "routing_key"), body, properties
        )
        return Answer(None)

    def _qos(self, caller: Caller, args: Args) -> Reply:
        count = _number(args, "prefetch_count")
        if not 0 <= count < 2**16:
            raise BadRequest("prefetch_count must be from 0 to 65535")
        self._channel(caller, args).prefetch = count
        return Answer(None, did="read")

    def _consume(self, caller: Caller, args: Args) -> Reply:
        tag = _text(args, "consumer_tag")
        self._broker.consume(
            self._channel(caller, args), _text(args, "queue"), tag, _flag(args, "auto_ack")
        )
        return Answer(tag)

    def _cancel(self, caller: Caller, args: Args) -> Reply:
        """Like pika's BlockingChannel, give back what was pushed and never seen: to the queue, or
        to the client what was auto-acked."""
        channel, socket = self._channel(caller, args), self._socket(caller, args)
        tag, number = _text(args, "consumer_tag"), _number(args, "channel")
        self._broker.cancel(channel, tag)
        kept: deque[Value] = deque()
        unseen: list[int] = []
        settled: list[Value] = []
        for event in socket.inbox:
            assert isinstance(event, dict)
            if event["consumer_tag"] != tag or event["channel"] != number:
                kept.append(event)
            elif (delivery_tag := _number(event, "delivery_tag")) in channel.unacked:
                unseen.append(delivery_tag)
            else:
                settled.append(event)
        socket.inbox = kept
        for delivery_tag in unseen:
            self._broker.nack(channel, delivery_tag, multiple=False, requeue=True)
        return Answer(settled)

    def _get(self, caller: Caller, args: Args) -> Reply:
        delivery = self._broker.get(
            self._channel(caller, args), _text(args, "queue"), _flag(args, "auto_ack")
        )
        if delivery is None:
            return Answer(None, did="idle")
        value = _as_value(_number(args, "channel"), delivery)
        value["message_count"] = len(self._broker.queue(_text(args, "queue")))
        return Answer(value)

    def _ack(self, caller: Caller, args: Args) -> Reply:
        self._broker.ack(
            self._channel(caller, args), _number(args, "delivery_tag"), _flag(args, "multiple")
        )
        return Answer(None)

    def _nack(self, caller: Caller, args: Args) -> Reply:
        self._broker.nack(
            self._channel(caller, args),
            _number(args, "delivery_tag"),
            _flag(args, "multiple"),
            _flag(args, "requeue"),
        )
        return Answer(None)

    def _reject(self, caller: Caller, args: Args) -> Reply:
        return self._nack(caller, args | {"multiple": False})

    def _receive(self, caller: Caller, args: Args) -> Reply | Wait:
        """Read the next thing that the broker pushed, waiting for it up to `timeout` seconds
        (None: for ever)."""
        socket, timeout = self._socket(caller, args), args.get("timeout")
        if timeout is not None and not isinstance(timeout, int | float):
            raise BadRequest("a time limit is a number of seconds or None")

        def ready() -> Reply | None:
            return Answer(socket.inbox.popleft()) if socket.inbox else None

        if timeout is None:
            return Wait(ready)
        return Wait(
            ready, self._clock.now + seconds(max(0, min(timeout, 10**9))), Answer(None, did="idle")
        )


def _as_value(channel: int, delivery: Delivery) -> dict[str, Value]:
    message = delivery.copy.message
    return {
        "channel": channel,
        "consumer_tag": delivery.consumer,
        "delivery_tag": delivery.tag,
        "redelivered": delivery.redelivered,
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "properties": dict(message.properties),
        "body": message.body,
    }


def _text(args: Args, name: str) -> str:
    value = args.get(name)
    if not isinstance(value, str) or len(value) > 255:
        raise BadRequest(f"{name} must be a str of at most 255 characters, not {value!r:.60}")
    return value


def _flag(args: Args, name: str) -> bool:
    value = args.get(name)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be True or False, not {value!r:.60}")
    return value


def _number(args: Args, name: str) -> int:
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise BadRequest(f"{name} must be an int, not {value!r:.60}")
    return value
