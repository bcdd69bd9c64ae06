"""How a Redis's keys, groups and entries are called in the trace."""

import json
from collections.abc import Sequence

from minibroker.sim.values import Value


def text(name: bytes) -> str:
    """A key, or another name, as text."""
    return name.decode("utf-8", "backslashreplace")


def lane(stream: bytes, group: bytes) -> str:
    """The copies of a stream's entries for a group."""
    return f"{text(stream)} for {text(group)}"


def body(fields: Sequence[bytes]) -> bytes:
    """An entry's fields as the body of a message: JSON, as they stand in the entry."""
    pairs = zip(fields[::2], fields[1::2], strict=True)
    said: dict[str, Value] = {text(name): text(value) for name, value in pairs}
    return json.dumps(said).encode()
