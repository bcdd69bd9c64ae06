"""The calls of a Redis client: which of them hand out work, and what they are called in a row.

A call crosses the boundary by its redis-py name, with its arguments as they were given.
"""

from minibroker.sim.trace import Requested
from minibroker.sim.values import Value

TAKES = frozenset({
    "xread", "xreadgroup", "xautoclaim", "xclaim", "get_message", "lpop", "rpop", "blpop", "brpop",
    "lmove", "blmove", "rpoplpush", "brpoplpush",
})  # fmt: skip
"""The calls that may hand out messages."""

PUBSUB = "pub/sub"
"""What stands for the exchange of a message that was published on a channel."""

MOST = 40


def takes(request: Requested | None) -> bool:
    """Whether a call may hand out messages."""
    return request is not None and request.client == "redis" and request.op in TAKES


def lost_for_good(request: Requested) -> bool:
    """Whether what a call hands out is gone from where it was, although its answer gets lost. Redis
    does not know that its client never got it, and takes nothing back."""
    return takes(request)


def called(request: Requested) -> str:
    """A call as it stands in the learner's code, with what it is about: ``xack(orders)``."""
    if request.op == "pipeline":
        commands = request.args.get("commands")
        names = (
            [str(each[0]) for each in commands if isinstance(each, list) and each]
            if (isinstance(commands, list))
            else []
        )
        return f"pipeline({', '.join(names)})"
    return f"{request.op}({about(request)})"


def about(request: Requested) -> str:
    """The key that a call is about, where it is its first argument; empty where it is not."""
    if request.op in ("subscribe", "psubscribe", "unsubscribe", "punsubscribe"):
        names = request.args.get("names")
        return ", ".join(map(_text, names)) if isinstance(names, list) else ""
    args = request.args.get("args")
    first = args[0] if isinstance(args, list) and args else ""
    if isinstance(first, list):
        return ", ".join(map(_text, first))
    if request.op in ("xreadgroup", "xread"):
        streams = _streams(request)
        return ", ".join(streams)
    return _text(first)


def gave(value: Value) -> str:
    """What a call gave, in a few words."""
    match value:
        case None | [] | {}:
            return "nothing"
        case list():
            return f"{len(value)} found"
        case dict():
            marked = [value[mark] for mark in ("$tuple", "$set", "$pairs") if mark in value]
            return gave(marked[0]) if marked else f"{len(value)} fields"
    return _text(value)


def _streams(request: Requested) -> list[str]:
    args, options = request.args.get("args"), request.args.get("options")
    found = options.get("streams") if isinstance(options, dict) else None
    place = 2 if request.op == "xreadgroup" else 0
    if found is None and isinstance(args, list) and len(args) > place:
        found = args[place]
    return [*found] if isinstance(found, dict) else []


def _text(value: Value) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
