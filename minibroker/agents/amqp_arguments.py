"""The arguments of an AMQP call as the engine takes them, or `BadRequest`."""

from minibroker.sim.values import Value

Args = dict[str, Value]


class BadRequest(Exception):
    """An argument is of a type that the real client would not have sent."""


def text(args: Args, name: str, default: str | None = None) -> str:
    """A short string."""
    value = args.get(name, default)
    if not isinstance(value, str) or len(value) > 255:
        raise BadRequest(f"{name} must be a str of at most 255 characters, not {value!r:.60}")
    return value


def flag(args: Args, name: str, default: bool | None = None) -> bool:
    """A bit."""
    value = args.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be True or False, not {value!r:.60}")
    return value


def number(args: Args, name: str) -> int:
    """A whole number, not negative."""
    value = args.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise BadRequest(f"{name} must be an int, not {value!r:.60}")
    return value


def table(args: Args, name: str) -> dict[str, Value]:
    """A field table; None is an empty one."""
    value = args.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be a dict or None, not {value!r:.60}")
    return value
