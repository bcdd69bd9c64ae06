"""Bindings of a headers exchange: arguments against a message's headers (RabbitMQ, "Exchanges",
Headers).

With ``x-match`` ``all`` (which is what holds when there is none) every argument must be among the
headers, with ``any`` one of them. An argument without a value asks only that the header is there.
Arguments whose names begin with ``x-`` count only with ``all-with-x`` and ``any-with-x``.

>>> matches({"x-match": "any", "format": "pdf", "size": 1}, {"format": "pdf"})
True
>>> matches({"format": "pdf", "size": 1}, {"format": "pdf"})
False
"""

from collections.abc import Mapping

from minibroker.sim.values import Value

KINDS = ("all", "any", "all-with-x", "any-with-x")


def matches(arguments: Mapping[str, Value], headers: Mapping[str, Value]) -> bool:
    """Whether a binding with these arguments lets a message with these headers through."""
    kind = arguments.get("x-match", "all")
    with_x = kind in ("all-with-x", "any-with-x")
    found = (
        name in headers and (wanted is None or _same(wanted, headers[name]))
        for name, wanted in arguments.items()
        if name != "x-match" and (with_x or not name.startswith("x-"))
    )
    return any(found) if kind in ("any", "any-with-x") else all(found)


def _same(one: Value, other: Value) -> bool:
    """Equal and of one type: 1 is neither 1.0 nor True, as on the wire."""
    return type(one) is type(other) and one == other
