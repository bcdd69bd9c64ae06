"""redis-py's own commands, at a socket of the world.

A call crosses the boundary by its name and arguments. Here redis-py's method of that name makes
the command's fields of it and gives the reply its Python shape, so arguments, defaults, errors and
shapes are redis-py's, not ours.
"""

from collections.abc import Callable
from typing import Any

from redis._parsers.encoders import Encoder
from redis._parsers.response_callbacks import get_response_callbacks
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.commands.core import CoreCommands

Fields = list[bytes]

_SHAPES = get_response_callbacks(2, legacy_responses=True)


class Asked(Exception):
    """The fields of a command that a method wants to send, and how its reply is shaped."""

    def __init__(self, fields: Fields, shape: Callable[[Any], Any]) -> None:
        super().__init__("a command")
        self.fields = fields
        self.shape = shape


class Commands(CoreCommands):
    """redis-py's methods; each raises `Asked` instead of sending anything."""

    _event_dispatcher: Any = None

    def __init__(self, text: bool) -> None:
        self.encoder: Any = Encoder("utf-8", "strict", text)  # type: ignore[no-untyped-call]
        self.response_callbacks = _SHAPES

    def get_encoder(self) -> Any:
        """For methods that encode by themselves."""
        return self.encoder

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Called by all of them."""
        encode = self.encoder.encode
        head, *rest = args
        fields = [*head.encode().split(), *(bytes(encode(each)) for each in rest)]

        def shape(reply: Any) -> Any:
            found = dict(options)
            empty = found.pop(EMPTY_RESPONSE, None)
            if isinstance(reply, Exception):
                if EMPTY_RESPONSE in options:
                    return empty
                raise reply
            plain = found.pop(NEVER_DECODE, None) is not None
            found.pop("keys", None)
            value = reply if plain else self._decoded(reply)
            callback = self.response_callbacks.get(head)
            return value if callback is None else callback(value, **found)

        raise Asked(fields, shape)

    def _decoded(self, reply: Any) -> Any:
        if isinstance(reply, list):
            return [self._decoded(each) for each in reply]
        return self.encoder.decode(reply) if isinstance(reply, bytes) else reply


_COMMANDS = {text: Commands(text) for text in (False, True)}


def command(name: str, args: list[Any], options: dict[str, Any], text: bool) -> Asked:
    """What redis-py would send for a call. Raises what redis-py raises for wrong arguments."""
    try:
        getattr(_COMMANDS[text], name)(*args, **options)
    except Asked as asked:
        return Asked(asked.fields, asked.shape)  # without the frames of the first one
    raise TypeError(f"{name}() sends no command")
