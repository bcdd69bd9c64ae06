"""Subscriptions in the shape of redis-py's `PubSub`.

The subset: `subscribe`, `psubscribe`, `unsubscribe`, `punsubscribe`, `get_message`, `listen`,
`close` and `reset`, handlers by keyword, `subscribed`, and use in a ``with``.

A subscriber gets what is published while it is subscribed and connected, and nothing else
(redis.io, "Redis Pub/Sub", Delivery semantics).
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from minibroker.clients import outside

Ask = Callable[..., Any]
Handler = Callable[[dict[str, Any]], object]

TOLD = frozenset({"subscribe", "unsubscribe", "psubscribe", "punsubscribe"})


class PubSub:
    """One connection for subscriptions."""

    def __init__(self, ask: Ask, connection: int, ignore_subscribe_messages: bool) -> None:
        self._ask = ask
        self._connection = connection
        self.ignore_subscribe_messages = ignore_subscribe_messages
        self._handlers: dict[bytes, Handler | None] = {}
        self._ever = False

    @property
    def subscribed(self) -> bool:
        """Whether there is any subscription."""
        return bool(self._handlers)

    def subscribe(self, *args: Any, **kwargs: Handler) -> None:
        """Subscribe to channels; those given by keyword call their handler instead."""
        self._change("subscribe", args, kwargs)

    def psubscribe(self, *args: Any, **kwargs: Handler) -> None:
        """Subscribe to patterns, likewise."""
        self._change("psubscribe", args, kwargs)

    def unsubscribe(self, *args: Any) -> None:
        """End these subscriptions, or all to channels."""
        self._change("unsubscribe", args, {})

    def punsubscribe(self, *args: Any) -> None:
        """The same for patterns."""
        self._change("punsubscribe", args, {})

    def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> dict[str, Any] | None:
        """The next message, waiting for it up to `timeout` seconds (None: for ever)."""
        message = self._ask("get_message", connection=self._connection, timeout=timeout)
        return self._handled(message, ignore_subscribe_messages)

    def listen(self) -> Iterator[dict[str, Any]]:
        """The messages, as they come, while there is a subscription."""
        while self.subscribed:
            message = self.get_message(timeout=None)
            if message is not None:
                yield message

    def close(self) -> None:
        """End the connection, and with it all subscriptions."""
        if self._ever:
            self._ask("pubsub_close", connection=self._connection)
        self._handlers.clear()
        self._ever = False

    reset = close

    def __enter__(self) -> "PubSub":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"'PubSub' object has no attribute {name!r}")
        outside("minibroker.clients.redis_pubsub", name)

    def _change(self, op: str, args: tuple[Any, ...], handlers: dict[str, Handler]) -> None:
        names: list[Any] = []
        for each in args:
            names += each if isinstance(each, list | tuple) else [each]
        wanted = dict.fromkeys(map(_name, names)) | {
            _name(key): handler for key, handler in handlers.items()
        }
        self._ask(op, connection=self._connection, names=[*wanted])
        self._ever = True
        kind = b"p" if op.startswith("p") else b"c"
        if not op.endswith("unsubscribe"):  # that ends when its answer is read
            self._handlers.update({kind + name: each for name, each in wanted.items()})

    def _handled(self, message: dict[str, Any] | None, ignoring: bool) -> dict[str, Any] | None:
        if message is None:
            return None
        if message["type"] in TOLD:
            if message["type"].endswith("unsubscribe") and message["channel"] is not None:
                kind = b"p" if message["type"].startswith("p") else b"c"
                self._handlers.pop(kind + _name(message["channel"]), None)
            ignored = ignoring or self.ignore_subscribe_messages
            return None if ignored else message
        pattern = message["pattern"]
        key = b"c" + _name(message["channel"]) if pattern is None else b"p" + _name(pattern)
        if (handler := self._handlers.get(key)) is not None:
            handler(message)
            return None
        return message


def _name(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
