"""Answers the `redis.Redis`-shaped client: one command, or one pipeline, is one effect.

What Redis keeps of a client is its connection: what it watches, what it is subscribed to, and what
was published to it and not read. That ends with the connection. What it has not acked of a stream
stays pending under its consumer's name; nobody gives it back, and there is no heartbeat to miss.
"""

import random
from collections.abc import Callable
from typing import Any, cast

from fakeredis.model import XStream
from redis import exceptions
from redis.utils import safe_str, truncate_text

from minibroker.agents.redis_blocking import blocking, from_now
from minibroker.agents.redis_commands import Asked, Fields, command
from minibroker.agents.redis_did import CAN_COME_AGAIN, did, handed_out
from minibroker.agents.redis_due import Due
from minibroker.agents.redis_events import Sightings
from minibroker.agents.redis_pubsub import Subscriptions
from minibroker.agents.redis_server import Server, Socket
from minibroker.clients.redis import COMMANDS
from minibroker.clients.redis_values import packed, unpacked
from minibroker.sim.agent import Wait, no_such
from minibroker.sim.clock import Clock, seconds
from minibroker.sim.effect import Answer, Caller, Did, Refusal, Reply
from minibroker.sim.modules import EPOCH
from minibroker.sim.trace import Trace
from minibroker.sim.values import CannotCross, Value, crossing

Args = dict[str, Value]
At = Callable[[int, Callable[[], None]], None]

_EPOCH = EPOCH.timestamp()


class RedisAgent:
    """One Redis, and its side of all clients."""

    def __init__(self, clock: Clock, trace: Trace, at: At, seed: object = 0) -> None:
        self._clock = clock
        chance = random.Random(f"redis/{seed}")
        self.server = Server(lambda: _EPOCH + clock.now / 1_000_000, chance)
        self._sightings = Sightings(self.server.database, clock, trace)
        self._due = Due(self.server, clock, at)
        self._subscriptions = Subscriptions(self.server, clock, trace, self._told)
        self._sockets: dict[Caller, dict[int, Socket]] = {}
        self._scenario = self.server.scenario = self.server.connect("scenario", self._told)
        self._changes = 0
        self._last: dict[Caller, tuple[Fields, Any]] = {}

    # --- for a scenario ------------------------------------------------------------------------

    def run(self, *fields: object) -> Any:
        """Do a command as the scenario."""
        sent = [each if isinstance(each, bytes) else str(each).encode() for each in fields]
        return self._run(self._scenario, sent)

    def message(self, stream: str, entry: bytes) -> int:
        """The trace's number of an entry."""
        return self._sightings.message(stream.encode(), entry.decode())

    def publish(self, channel: str, message: bytes) -> int:
        """Publish as the scenario; gives the trace's number of the message."""
        self.run("PUBLISH", channel, message)
        return self._subscriptions.last

    # --- effects -------------------------------------------------------------------------------

    def request(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        """Answer one effect."""
        try:
            if op in Subscriptions.OPS:
                return self._subscriptions.request(caller, op, args)
            if op == "pipeline":
                return self._pipeline(caller, args)
            if op not in COMMANDS and op not in ("watch", "unwatch"):
                return no_such("redis", op)
            return self._command(caller, op, args)
        except Exception as error:  # whatever redis-py or fakeredis makes of nonsense
            return _refused(error)

    def lost(self, caller: Caller) -> None:
        """Close all its connections."""
        for socket in self._sockets.pop(caller, {}).values():
            socket.leave()
        self._subscriptions.lost(caller)
        self._last.pop(caller, None)

    def silent(self, caller: Caller, until: int, frozen: bool) -> None:
        """Redis closes no idle connection by itself (redis.conf: ``timeout 0``)."""

    def broken(self, caller: Caller, op: str, args: Args, happened: bool) -> Refusal | None:
        """The connection of the call dies."""
        if op == "get_message":
            self._subscriptions.broken(caller, args)
        if happened:
            text = f"Connection closed by server: whether {op} was done is not known"
        else:
            text = f"Error 111 connecting to redis:6379. Connection refused: {op} was not done"
        return Refusal("ConnectionError", text, did="changed" if happened else "read")

    def again(self, caller: Caller, op: str, args: Args, reply: Reply) -> bool:
        """What was handed out is there once more, as if its producer had sent it twice."""
        if not isinstance(reply, Answer) or not reply.value:
            return False
        if op == "get_message":
            return self._subscriptions.again(caller, args)
        if op not in CAN_COME_AGAIN or caller not in self._last:
            return False
        fields, raw = self._last[caller]
        sent = handed_out(fields, raw)
        if sent is not None:
            self._run(self._scenario, sent)
        return sent is not None

    # --- commands ------------------------------------------------------------------------------

    def _command(self, caller: Caller, op: str, args: Args) -> Reply | Wait:
        asked = _asked([op, args.get("args"), args.get("options")], args)
        socket = self._socket(caller, args)
        blocks = blocking(asked.fields)
        fields = asked.fields if blocks is None else self._from_now(blocks.fields)
        raw = self._run(socket, fields)
        self._last[caller] = fields, raw
        if blocks is None or _found(raw):
            return self._answer(asked, fields, raw)
        seen = self._changes

        def ready() -> Reply | None:
            nonlocal seen
            if seen == self._changes:
                return None
            try:
                raw = self._run(socket, fields)
                seen = self._changes
                self._last[caller] = fields, raw
                return self._answer(asked, fields, raw) if _found(raw) else None
            except Exception as error:
                return _refused(error)

        deadline = None if blocks.limit is None else self._clock.now + seconds(blocks.limit)
        nothing = Answer(_value(asked.shape(None)), did="idle")
        return Wait(ready, deadline, nothing)

    def _pipeline(self, caller: Caller, args: Args) -> Reply:
        """All commands, in a MULTI or one by one. Gives the replies, errors among them."""
        commands = cast("list[list[Value]]", args.get("commands"))
        asked = [_asked(each, args) for each in commands]
        socket, done = self._socket(caller, args), []
        if args.get("transaction"):
            self._run(socket, [b"MULTI"])
            try:
                for each in asked:
                    self._run(socket, each.fields)
            except Exception:
                self._run(socket, [b"DISCARD"])
                raise
            replies = self._run(socket, [b"EXEC"])
            if replies is None:
                raise exceptions.WatchError("Watched variable changed.")
        else:
            replies = [self._tried(socket, each.fields) for each in asked]
        answers: list[Value] = []
        for each, reply in zip(asked, replies, strict=True):
            done.append(did(each.fields, reply))
            try:
                answers.append(_value(each.shape(reply)))
            except exceptions.RedisError as error:
                sent = " ".join(map(safe_str, each.fields))
                command = truncate_text(sent)  # type: ignore[no-untyped-call]
                answers.append({"$error": [type(error).__name__, str(error), command]})
        return Answer(answers, did="changed" if "changed" in done else "read")

    def _tried(self, socket: Socket, fields: Fields) -> Any:
        try:
            return self._run(socket, fields)
        except exceptions.RedisError as error:
            return error

    def _answer(self, asked: Asked, fields: Fields, raw: Any) -> Reply:
        how: Did = did(fields, raw)
        return Answer(_value(asked.shape(raw)), did=how)

    def _run(self, socket: Socket, fields: Fields) -> Any:
        raw = socket.run(fields)
        self._due.after(fields, raw)
        return raw

    def _told(self, socket: Socket, name: str, args: list[Any]) -> None:
        before = self._sightings.seen
        if name == "publish" and len(args) == 2:
            self._subscriptions.published(socket.owner, *args)
        self._sightings.look(socket.owner, name)
        if self._sightings.seen != before or name not in QUIET:
            self._changes += 1

    def _from_now(self, fields: Fields) -> Fields:
        streams = {
            key: item.value.last_id.encode()
            for key, item in self.server.database._dict.items()
            if isinstance(item.value, XStream)
        }
        return from_now(fields, streams)

    def _socket(self, caller: Caller, args: Args) -> Socket:
        name = args.get("connection") or 0
        sockets = self._sockets.setdefault(caller, {})
        if not isinstance(name, int):
            raise TypeError(f"there is no connection {name!r}")
        if name not in sockets:
            sockets[name] = self.server.connect(caller.label, self._told)
        return sockets[name]


QUIET = frozenset({"xreadgroup", "xread", "blpop", "brpop", "blmove", "brpoplpush", "lpop", "rpop"})
"""Commands that find nothing new by themselves, so that two that wait do not wake each other."""


def _asked(call: list[Value], args: Args) -> Asked:
    name, given, options = call
    if not isinstance(given, list) or not isinstance(options, dict) or not isinstance(name, str):
        raise TypeError("a command has a list of arguments and named ones")
    if name == "unwatch":
        return Asked([b"UNWATCH"], bool)
    if name == "watch":
        return Asked([b"WATCH", *(_bytes(unpacked(each)) for each in given)], bool)
    return command(name, unpacked(given), unpacked(options), bool(args.get("text")))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _found(raw: Any) -> bool:
    """Whether a command that may block has found anything."""
    return raw is not None and raw != {} and raw != []


def _value(shaped: Any) -> Value:
    try:
        return crossing(packed(shaped))
    except CannotCross as error:
        raise exceptions.DataError(str(error)) from None


def _refused(error: Exception) -> Refusal:
    if isinstance(error, exceptions.RedisError | TypeError | ValueError | AttributeError):
        return Refusal(type(error).__name__, str(error))
    return Refusal("DataError", f"this call cannot be read: {type(error).__name__}: {error}")
