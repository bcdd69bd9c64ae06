"""Answers the `pika`-shaped client: joins its connections and channels to the queue engine.

A connection's inbox is its socket: what the broker has pushed and the client has not read. It
is lost with the connection, and the broker then requeues what was not settled, at once and
marked as redelivered (AMQP needs no timeout to notice a closed socket).
"""

from collections.abc import Callable, Sequence
from typing import cast

from minibroker.agents.amqp_arguments import Args, BadRequest, flag, number, table, text
from minibroker.agents.amqp_socket import (
    GIVEN_UP,
    Cancelled,
    Frame,
    Pushed,
    Socket,
    Unrouted,
    returned,
)
from minibroker.agents.amqp_topology import TOPOLOGY, changing
from minibroker.queues import direct_replies
from minibroker.queues.broker import Broker
from minibroker.queues.channel import Channel, Delivery
from minibroker.queues.errors import ChannelError
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.values import Value

FOR_EVER = 2**63


class Lost(Exception):
    """The connection that the call would use is gone."""


class AmqpAgent:
    """One broker's side of all `pika`-shaped clients."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._sockets: dict[Caller, dict[int, Socket]] = {}
        self._ops: dict[str, Callable[[Caller, Args], Reply | Wait]] = {
            "connect": self._connect,
            "channel_open": self._channel_open,
            "confirm_select": self._confirm,
            "basic_publish": self._publish,
            "basic_qos": self._qos,
            "basic_consume": self._consume,
            "basic_cancel": self._cancel,
            "basic_get": self._get,
            "basic_ack": self._ack,
            "basic_nack": self._nack,
            "basic_reject": self._reject,
            "basic_recover": self._recover,
            "receive": self._receive,
            "waiting": self._waiting,
            "heartbeat": self._heartbeat,
            "channel_close": self._channel_close,
            "connection_close": self._connection_close,
        }

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        try:
            if (answer := TOPOLOGY.get(op)) is not None:
                return answer(self._broker, self._channel(caller, args), args)
            if (handle := self._ops.get(op)) is not None:
                return handle(caller, args)
            return no_such("amqp", op)
        except BadRequest as bad:
            return Refusal("TypeError", f"{op}: {bad}")
        except Lost:
            return _lost()
        except ChannelError as error:
            self._channel(caller, args, close=str(error))
            return Refusal("ChannelClosedByBroker", error.text, {"code": error.code}, did="changed")

    def lost(self, caller: Caller) -> None:
        """Close all its sockets."""
        self._break(*self._sockets.pop(caller, {}).values())

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """It sends no heartbeats meanwhile; what is silent for too long is given up."""
        for socket in self._sockets.get(caller, {}).values():
            self._listen(socket, until)

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Refusal | None:
        """The connection of the call dies."""
        try:
            socket = self._socket(caller, args)
        except (BadRequest, Lost):
            return None
        self._break(socket)
        return _lost()

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """The message that was handed out comes to its queue once more."""
        if op not in ("receive", "basic_get") or not isinstance(reply, Answer) or not reply.value:
            return False
        try:
            delivery = self._socket(caller, args).handed_out
        except (BadRequest, Lost):
            return False
        if delivery is None:
            return False
        self._broker.repeat(delivery.copy.message, delivery.queue)
        return True

    def restart(self) -> None:
        """The broker goes down and comes back at once; every connection to it is lost."""
        sockets = [each for mine in self._sockets.values() for each in mine.values()]
        self._broker.restart(sockets, _closed(sockets))

    # --- connections and channels ----------------------------------------------------------

    def _connect(self, caller: Caller, args: Args) -> Reply:
        sockets = self._sockets.setdefault(caller, {})
        name = len(sockets) + 1
        sockets[name] = Socket(self._clock.now)
        return Answer(name, did="read")

    def _channel_open(self, caller: Caller, args: Args) -> Reply:
        socket = self._socket(caller, args)
        name = len(socket.channels) + 1

        def deliver(delivery: Delivery) -> None:
            socket.inbox.append(Pushed(name, delivery))

        def cancelled(tag: str) -> None:
            socket.inbox.append(Cancelled(name, tag))

        socket.channels[name] = self._broker.open_channel(
            caller.label, deliver, cancelled, connection=socket
        )
        return Answer(name, did="read")

    def _channel_close(self, caller: Caller, args: Args) -> Reply:
        self._channel(caller, args, close="channel closed")
        return Answer(None)

    def _connection_close(self, caller: Caller, args: Args) -> Reply:
        self._break(self._socket(caller, args))
        return Answer(None)

    def _confirm(self, caller: Caller, args: Args) -> Reply:
        self._channel(caller, args)
        self._socket(caller, args).confirming.add(number(args, "channel"))
        return Answer(None, did="read")

    def _break(self, *sockets: Socket) -> None:
        """Sockets die together: what one channel gives back is pushed to none of the others."""
        self._broker.disconnect(sockets, _closed(sockets), "connection lost")

    def _listen(self, socket: Socket, until: int) -> None:
        """Give the socket up when it will have been silent for too long before `until`."""
        socket.last_io = min(socket.last_io, self._clock.now)  # it waits for nothing any more
        when = max(socket.last_io + GIVEN_UP, self._clock.now)
        if socket.lost or until <= when:
            return

        def look() -> None:
            if not socket.lost and socket.last_io + GIVEN_UP <= self._clock.now:
                self._break(socket)

        self._broker.at(when, look)

    def _socket(self, caller: Caller, args: Args) -> Socket:
        name = args.get("connection")
        found = self._sockets.get(caller, {}).get(name) if isinstance(name, int) else None
        if found is None:
            raise BadRequest(f"there is no connection {name!r}")
        if found.lost:
            raise Lost
        found.last_io = self._clock.now
        return found

    def _channel(self, caller: Caller, args: Args, close: str = "") -> Channel:
        socket, name = self._socket(caller, args), args.get("channel")
        channel = socket.channels.get(name) if isinstance(name, int) else None
        if channel is None:
            raise BadRequest(f"there is no channel {name!r}")
        if close:
            self._broker.close(channel, "channel closed")
            socket.forget(cast(int, name))
        elif not channel.open:
            raise BadRequest(f"channel {name!r} is closed")
        return channel

    # --- messages ----------------------------------------------------------------------------

    def _publish(self, caller: Caller, args: Args) -> Reply:
        """Gives None, or on a channel that confirms whether the broker took the message
        (``acked``) and the message itself when it came back (``returned``)."""
        channel, socket = self._channel(caller, args), self._socket(caller, args)
        name, body, properties = args["channel"], args.get("body"), args.get("properties")
        if not isinstance(body, bytes) or not isinstance(properties, dict):
            raise BadRequest("body must be bytes or str, properties BasicProperties")
        mandatory = flag(args, "mandatory", False)
        receipt = self._broker.send(
            channel.owner,
            text(args, "exchange"),
            text(args, "routing_key"),
            body,
            direct_replies.addressed(channel, properties),
            mandatory,
        )
        unrouted = mandatory and not receipt.routed
        if unrouted and flag(args, "returns", False):
            socket.inbox.append(Unrouted(cast(int, name), receipt.message))
        if name not in socket.confirming:
            return Answer(None)
        return Answer(
            {
                "acked": receipt.accepted,
                "returned": returned(receipt.message) if unrouted else None,
            }
        )

    def _qos(self, caller: Caller, args: Args) -> Reply:
        count = number(args, "prefetch_count")
        if not 0 <= count < 2**16:
            raise BadRequest("prefetch_count must be from 0 to 65535")
        self._channel(caller, args).prefetch = count
        return Answer(None, did="read")

    def _consume(self, caller: Caller, args: Args) -> Reply:
        tag = text(args, "consumer_tag")
        self._broker.consume(
            self._channel(caller, args),
            text(args, "queue"),
            tag,
            flag(args, "auto_ack"),
            flag(args, "exclusive", False),
            table(args, "arguments"),
        )
        return Answer(tag)

    def _cancel(self, caller: Caller, args: Args) -> Reply:
        """Like pika's BlockingChannel, give back what was pushed and never seen: to the queue, or
        to the client what was auto-acked."""
        channel, socket = self._channel(caller, args), self._socket(caller, args)
        tag, name = text(args, "consumer_tag"), number(args, "channel")
        self._broker.cancel(channel, tag)
        kept: list[Frame] = []
        unseen: list[int] = []
        settled: list[Value] = []
        for frame in socket.inbox:
            if isinstance(frame, Cancelled) and (frame.channel, frame.consumer) == (name, tag):
                continue
            if not isinstance(frame, Pushed) or (
                (frame.channel, frame.delivery.consumer) != (name, tag)
            ):
                kept.append(frame)
            elif frame.delivery.tag in channel.unacked:
                unseen.append(frame.delivery.tag)
            else:
                settled.append(frame.value())
        socket.inbox.clear()
        socket.inbox.extend(kept)
        for delivery_tag in unseen:
            self._broker.reject(channel, delivery_tag, requeue=True, why="nacked")
        return Answer(settled)

    def _get(self, caller: Caller, args: Args) -> Reply:
        channel, socket = self._channel(caller, args), self._socket(caller, args)
        queue = text(args, "queue")
        delivery = socket.handed_out = self._broker.get(channel, queue, flag(args, "auto_ack"))
        if delivery is None:
            return Answer(None, did="idle")
        value = Pushed(number(args, "channel"), delivery).value()
        value["message_count"] = len(self._broker.queue(queue))
        return Answer(value)

    def _ack(self, caller: Caller, args: Args) -> Reply:
        self._broker.ack(
            self._channel(caller, args), number(args, "delivery_tag"), flag(args, "multiple")
        )
        return Answer(None)

    def _nack(self, caller: Caller, args: Args) -> Reply:
        self._broker.nack(
            self._channel(caller, args),
            number(args, "delivery_tag"),
            flag(args, "multiple"),
            flag(args, "requeue"),
        )
        return Answer(None)

    def _reject(self, caller: Caller, args: Args) -> Reply:
        self._broker.reject(
            self._channel(caller, args), number(args, "delivery_tag"), flag(args, "requeue")
        )
        return Answer(None)

    def _recover(self, caller: Caller, args: Args) -> Reply:
        channel = self._channel(caller, args)
        held = bool(channel.unacked)
        self._broker.recover(channel)
        return Answer(None, did=changing(held))

    def _receive(self, caller: Caller, args: Args) -> Reply | Wait:
        """Read the next thing that the broker pushed, waiting for it up to `timeout` seconds
        (None: for ever). The client does I/O all the while."""
        socket, timeout = self._socket(caller, args), args.get("timeout")
        if timeout is not None and not isinstance(timeout, int | float):
            raise BadRequest("a time limit is a number of seconds or None")
        deadline = None
        if timeout is not None:
            deadline = self._clock.now + seconds(max(0, min(timeout, 10**9)))
        socket.last_io = FOR_EVER if deadline is None else deadline

        def ready() -> Reply | None:
            if socket.lost:
                return _lost()
            if not socket.inbox:
                return None
            socket.last_io = self._clock.now
            return Answer(socket.read())

        return Wait(ready, deadline, Answer(None, did="idle"))

    def _waiting(self, caller: Caller, args: Args) -> Reply:
        """How many deliveries to a consumer are not read yet."""
        self._channel(caller, args)
        name, tag = number(args, "channel"), text(args, "consumer_tag")
        frames = self._socket(caller, args).inbox
        pushed = [frame.delivery.consumer for frame in frames
                  if isinstance(frame, Pushed) and frame.channel == name]  # fmt: skip
        return Answer(pushed.count(tag), did="read")

    def _heartbeat(self, caller: Caller, args: Args) -> Reply:
        """The client shows that it lives."""
        self._socket(caller, args)
        return Answer(None, did="read")


def _closed(sockets: Sequence[Socket]) -> list[Channel]:
    """Mark sockets as lost, with all that was pushed to them; gives their channels."""
    for socket in sockets:
        socket.lost = True
        socket.inbox.clear()
    return [channel for socket in sockets for channel in socket.channels.values()]


def _lost() -> Refusal:
    return Refusal(
        "StreamLostError",
        "the connection to the broker is lost; open a new one to go on",
        did="changed",
    )
