"""The world's side of subscriptions: what was published to a connection and not read yet.

A subscriber's connection is a queue of its own, ``orders at dashboard``: what is published while it
is subscribed waits there, is settled when it is read, and is gone, ``unread``, when the connection
ends. What nobody is subscribed to reaches no queue (redis.io, "Redis Pub/Sub", Delivery semantics).
"""

from typing import Any

from minibroker.agents.redis_names import text
from minibroker.agents.redis_server import Server, Socket, Told
from minibroker.clients.redis_values import packed
from minibroker.sim.agent import Wait
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Refusal, Reply
from minibroker.sim.trace import Delivered, Published, Settled, Trace
from minibroker.sim.values import Value

Args = dict[str, Value]

NOTHING = Answer(None, did="idle")
MESSAGES = frozenset({b"message", b"pmessage"})


class Subscriber:
    """One connection for subscriptions. `numbers` are those of the messages in its inbox, None for
    what is no message."""

    def __init__(self, socket: Socket, lane: str) -> None:
        self.socket = socket
        self.lane = lane
        self.numbers: list[tuple[int, str] | None] = []
        self.kept: list[list[bytes]] = []

    @property
    def inbox(self) -> list[Any]:
        """What the server sent and nobody read."""
        return self.socket.replies


class Subscriptions:
    """All connections for subscriptions, in the order they were opened."""

    OPS = frozenset({
        "subscribe", "psubscribe", "unsubscribe", "punsubscribe", "get_message", "pubsub_close",
    })  # fmt: skip

    def __init__(self, server: Server, clock: Clock, trace: Trace, told: Told) -> None:
        self._server = server
        self._clock = clock
        self._trace = trace
        self._told = told
        self._all: dict[tuple[Caller, int], Subscriber] = {}
        self._handed: dict[Caller, tuple[bytes, bytes]] = {}
        self.last = 0
        """The number of the message that was published last."""

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        match op:
            case "get_message":
                return self._get(caller, args)
            case "pubsub_close":
                self._close(caller, _connection(args))
                return Answer(None)
        names = args.get("names")
        if not isinstance(names, list) or not all(isinstance(each, bytes) for each in names):
            return Refusal("DataError", f"{op} takes the names of channels")
        if not names and not op.startswith(("un", "pun")):
            return Refusal("ResponseError", f"wrong number of arguments for '{op}' command")
        one = self._subscriber(caller, _connection(args))
        one.socket.send([op.upper().encode(), *(each for each in names if isinstance(each, bytes))])
        self._number(one)
        return Answer(None)

    def published(self, who: str, channel: bytes, message: bytes) -> None:
        """Something was published: it is in the inbox of whoever is subscribed."""
        self.last = number = self._trace.new_message()
        queues: list[str] = []
        for one in self._all.values():
            if len(one.inbox) > len(one.numbers):
                queues.append(f"{text(channel)} at {one.lane}")
                self._number(one, (number, queues[-1]))
        self._trace.append(
            Published(
                at=self._clock.now,
                who=who,
                message=number,
                exchange="pub/sub",
                routing_key=text(channel),
                queues=queues,
                body=message,
            )
        )

    def lost(self, caller: Caller) -> None:
        """Close all its connections."""
        for key in [key for key in self._all if key[0] == caller]:
            self._close(*key)
        self._handed.pop(caller, None)

    def broken(self, caller: Caller, args: Args) -> None:
        """The connection dies; the client opens another one and subscribes again, as redis-py does,
        and has missed what was published to the first."""
        name = args.get("connection")
        one = self._all.get((caller, name)) if isinstance(name, int) else None
        if one is not None:
            self._unread(one)
            one.inbox.clear()
            one.numbers.clear()

    def again(self, caller: Caller, args: Args) -> bool:
        """What it has just read is published once more."""
        handed = self._handed.get(caller)
        if handed is None:
            return False
        self._server.scenario.run([b"PUBLISH", *handed])
        return True

    # --- reading -------------------------------------------------------------------------------

    def _get(self, caller: Caller, args: Args) -> Reply | Wait:
        one, timeout = self._subscriber(caller, _connection(args)), args.get("timeout")
        if timeout is not None and not isinstance(timeout, int | float):
            return Refusal("TypeError", "timeout is a number of seconds or None")

        def ready() -> Reply | None:
            if not one.inbox:
                return None
            return self._read(caller, one, bool(args.get("text")))

        if (found := ready()) is not None:
            return found
        deadline = None
        if timeout is not None:
            deadline = self._clock.now + seconds(max(0, min(timeout, 10**9)))
        return Wait(ready, deadline, NOTHING) if timeout != 0 else NOTHING

    def _read(self, caller: Caller, one: Subscriber, as_text: bool) -> Reply:
        kind, *rest = one.inbox.pop(0)
        numbered = one.numbers.pop(0)
        pattern, channel, data = rest if kind == b"pmessage" else (None, *rest)
        if kind in MESSAGES:
            self._handed[caller] = channel, data
        else:
            self._handed.pop(caller, None)
        if numbered is not None:
            number, lane = numbered
            self._trace.append(
                Delivered(at=self._clock.now, who=caller.label, queue=lane, message=number,
                          tag=0, attempt=1, redelivered=False)
            )  # fmt: skip
            self._settle(caller.label, numbered, "auto-acked")
        shown = {"pattern": pattern, "channel": channel, "data": data}
        if as_text:
            shown = {
                key: each.decode("utf-8", "replace") if isinstance(each, bytes) else each
                for key, each in shown.items()
            }
        told: dict[str, Any] = {"type": kind.decode(), **shown}
        return Answer(packed(told))

    # --- connections ---------------------------------------------------------------------------

    def _subscriber(self, caller: Caller, connection: int) -> Subscriber:
        key = caller, connection
        if key not in self._all:
            others = any(each.process == caller.process for each, _ in self._all)
            lane = f"{caller.process}/{connection}" if others else caller.process
            socket = self._server.connect(caller.label, self._told)
            self._all[key] = Subscriber(socket, lane)
        return self._all[key]

    def _close(self, caller: Caller, connection: int) -> None:
        if (one := self._all.pop((caller, connection), None)) is not None:
            self._unread(one)
            one.socket.leave()

    def _unread(self, one: Subscriber) -> None:
        for numbered in one.numbers:
            if numbered is not None:
                self._settle("broker", numbered, "unread")

    def _number(self, one: Subscriber, numbered: tuple[int, str] | None = None) -> None:
        one.numbers += [numbered] * (len(one.inbox) - len(one.numbers))

    def _settle(self, who: str, numbered: tuple[int, str], how: str) -> None:
        number, lane = numbered
        self._trace.append(
            Settled(at=self._clock.now, who=who, queue=lane, message=number, how=how)
        )


def _connection(args: Args) -> int:
    name = args.get("connection")
    if not isinstance(name, int):
        raise TypeError(f"there is no connection {name!r}")
    return name
