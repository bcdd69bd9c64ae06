"""A client in the shape of `redis.Redis`, and what a learner's `import redis` gets.

Names, arguments, defaults, replies and exceptions are those of redis-py 8: a call crosses as it was
made, and redis-py's own code reads it on the other side. One command is one effect, and so is a
pipeline. The subset (`COMMANDS`):

- keys: `delete`, `exists`, `expire`, `expireat`, `keys`, `persist`, `pexpire`, `pttl`, `rename`,
  `scan`, `ttl`, `type`, `unlink`; `ping`, `time`, `flushdb`, `dbsize`
- strings: `append`, `decr`, `decrby`, `get`, `getdel`, `getex`, `getset`, `incr`, `incrby`,
  `incrbyfloat`, `mget`, `mset`, `psetex`, `set`, `setex`, `setnx`, `strlen`
- hashes, lists, sets, sorted sets: the everyday ones of each
- streams: all but `xsetid` and `xcfgset`
- `publish`, `pubsub_channels`, `pubsub_numsub`, `pubsub_numpat`, and `pubsub()`: see
  `minibroker.clients.redis_pubsub`
- `pipeline()` with `watch`, `multi`, `execute`; `transaction()`

One difference. redis-py sends a command again, up to three times, when its connection breaks, and
so may do it twice. Here the error reaches the code, as from a client that was made with
``retry=Retry(NoBackoff(), 0)``.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from minibroker.clients import Asks, NotInSubset, outside
from minibroker.clients.redis_errors import error, exceptions
from minibroker.clients.redis_pubsub import PubSub
from minibroker.clients.redis_values import packed, unpacked
from minibroker.sim.incarnation import Refused

_NAMES = """
delete exists expire expireat keys persist pexpire pttl rename scan ttl type unlink
ping time flushdb dbsize
append decr decrby get getdel getex getset incr incrby incrbyfloat mget mset psetex set setex setnx
strlen
hdel hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hset hsetnx hvals
blmove blpop brpop brpoplpush lindex linsert llen lmove lpop lpos lpush lpushx lrange lrem lset
ltrim rpop rpoplpush rpush rpushx
sadd scard sdiff sinter sismember smembers smismember smove spop srandmember srem sunion
bzpopmax bzpopmin zadd zcard zcount zincrby zmscore zpopmax zpopmin zrange zrangebyscore zrank
zrem zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zrevrank zscore
xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup_create xgroup_createconsumer
xgroup_delconsumer xgroup_destroy xgroup_setid xinfo_consumers xinfo_groups xinfo_stream xlen
xnack xpending xpending_range xrange xread xreadgroup xrevrange xtrim
publish pubsub_channels pubsub_numpat pubsub_numsub
"""
COMMANDS = frozenset(_NAMES.split())


class Commands:
    """The commands as methods, which end in `_command(name, args, options)`."""

    def __getattr__(self, name: str) -> Any:
        if name not in COMMANDS:
            if name.startswith("_"):
                raise AttributeError(f"'Redis' object has no attribute {name!r}")
            outside("minibroker.clients.redis", name)

        def call(*args: object, **options: object) -> Any:
            return self._command(name, args, options)

        call.__name__ = call.__qualname__ = name
        return call

    def _command(self, name: str, args: tuple[object, ...], options: dict[str, object]) -> Any:
        raise NotImplementedError


class Redis(Commands):
    """In the shape of `redis.Redis`; see the module for the subset."""

    def __init__(self, boundary: Asks, decode_responses: bool = False) -> None:
        self._boundary = boundary
        self._text = decode_responses
        self._connections = 0

    def pipeline(self, transaction: bool = True, shard_hint: None = None) -> "Pipeline":
        """Commands that are sent together by `execute()`, with `transaction` in a MULTI."""
        return Pipeline(self, transaction)

    def pubsub(self, ignore_subscribe_messages: bool = False) -> PubSub:
        """A connection of its own for subscriptions."""
        return PubSub(self._ask, self._new_connection(), ignore_subscribe_messages)

    def transaction(
        self,
        func: Callable[["Pipeline"], Any],
        *watches: object,
        shard_hint: None = None,
        value_from_callable: bool = False,
        watch_delay: float | None = None,
    ) -> Any:
        """Call `func(pipeline)` and execute what it has put there, again until none of `watches`
        has changed meanwhile."""
        while True:
            with self.pipeline() as pipeline:
                try:
                    if watches:
                        pipeline.watch(*watches)
                    value = func(pipeline)
                    done = pipeline.execute()
                    return value if value_from_callable else done
                except exceptions.WatchError:
                    if watch_delay:
                        self._boundary.ask("clock", "sleep", seconds=watch_delay)

    def close(self) -> None:
        """Its connections are closed; the next command opens one."""

    def __enter__(self) -> "Redis":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _command(self, name: str, args: tuple[object, ...], options: dict[str, object]) -> Any:
        return self._ask(name, args=packed(list(args)), options=packed(options))

    def _new_connection(self) -> int:
        self._connections += 1
        return self._connections

    def _ask(self, op: str, **args: object) -> Any:
        try:
            if self._text:
                args["text"] = True
            return unpacked(self._boundary.ask("redis", op, **args))
        except Refused as refused:
            if refused.error == "NotInSubset":
                raise NotInSubset(str(refused)) from None
            raise error(refused.error, str(refused)) from None


class Pipeline(Commands):
    """In the shape of redis-py's `Pipeline`: commands are kept here until `execute()`."""

    def __init__(self, client: Redis, transaction: bool) -> None:
        self._client = client
        self._transaction = transaction
        self._kept: list[list[object]] = []
        self._watching = 0
        self._explicit = False

    def __len__(self) -> int:
        return len(self._kept)

    def __bool__(self) -> bool:
        return True

    def watch(self, *names: object) -> bool:
        """Have `execute()` raise `WatchError` if one of these keys changes first. Until `multi()`
        commands are answered at once."""
        if self._explicit:
            raise exceptions.RedisError("Cannot issue a WATCH after a MULTI")
        self._watching = self._watching or self._client._new_connection()
        self._client._ask("watch", connection=self._watching, args=packed(list(names)), options={})
        return True

    def unwatch(self) -> bool:
        """Watch nothing any more."""
        if self._watching:
            self._client._ask("unwatch", connection=self._watching, args=[], options={})
            self._watching = 0
        return True

    def multi(self) -> None:
        """From here on commands are kept for `execute()`."""
        if self._explicit:
            raise exceptions.RedisError("Cannot issue nested calls to MULTI")
        if self._kept:
            raise exceptions.RedisError(
                "Commands without an initial WATCH have already been issued"
            )
        self._explicit = True

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send what was kept. Gives the replies; raises the first that is an error."""
        kept, transaction, watching = (
            self._kept,
            self._transaction or self._explicit,
            self._watching,
        )
        if not kept and not watching:
            return []
        self.reset()
        replies = self._client._ask(
            "pipeline", commands=kept, transaction=transaction, connection=watching
        )
        for number, each in enumerate(replies if raise_on_error else (), 1):
            if isinstance(each, dict) and "$error" in each:
                kind, said, command = each["$error"]
                raise error(
                    kind, f"Command # {number} ({command}) of pipeline caused error: {said}"
                )
        return [_answer(each) for each in replies]

    def reset(self) -> None:
        """Forget what was kept."""
        self._kept, self._watching, self._explicit = [], 0, False

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self.unwatch()
        self.reset()

    def _command(self, name: str, args: tuple[object, ...], options: dict[str, object]) -> Any:
        if self._watching and not self._explicit:
            return self._client._ask(
                name, args=packed(list(args)), options=packed(options), connection=self._watching
            )
        self._kept.append([name, packed(list(args)), packed(options)])
        return self


def _answer(reply: Any) -> Any:
    if isinstance(reply, dict) and "$error" in reply:
        return error(*reply["$error"][:2])
    return reply


def modules(boundary: Asks) -> Callable[[str], ModuleType]:
    """What `import redis` gives: the exceptions. The client is the one that a function is given."""
    package = ModuleType("redis", "redis-py's exceptions; the client is given to your function.")
    package.__dict__.update(
        {name: kind for name, kind in vars(exceptions).items() if isinstance(kind, type)},
        exceptions=exceptions,
        __path__=[],
    )

    def missing(name: str) -> NoReturn:
        if name in ("Redis", "StrictRedis", "from_url", "ConnectionPool"):
            raise NotInSubset(f"redis.{name}: use the client that your function is given")
        raise AttributeError(f"module 'redis' has no attribute {name!r} here")

    package.__dict__["__getattr__"] = missing

    def module(name: str) -> ModuleType:
        if name == "redis":
            return package
        if name == "redis.exceptions":
            return exceptions
        raise ImportError(f"{name} is not simulated here; of redis there is redis.exceptions")

    return module


MAKERS: dict[str, Callable[[Asks], Any]] = {
    "redis": Redis,
    "redis.text": lambda boundary: Redis(boundary, decode_responses=True),
}
