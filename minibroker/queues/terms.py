"""How RabbitMQ words values and their types in its replies."""

from collections.abc import Mapping

from minibroker.sim.values import Value

TYPES = {
    type(None): "void",
    bool: "bool",
    float: "double",
    str: "longstr",
    bytes: "binary",
    list: "array",
    dict: "table",
}


def kind(value: Value) -> str:
    """The name of the type under which a client sends the value in a table."""
    if type(value) is int:
        return "signedint" if -(2**31) <= value < 2**31 else "long"
    return TYPES[type(value)]


def compared(one: Mapping[str, Value], other: Mapping[str, Value], name: str) -> tuple[str, str]:
    """An argument that differs, as a reply about declarations has it: its type is told only where
    the other side has none (`rabbit_misc`, assert_args_equivalence)."""
    return _described(one, other, name), _described(other, one, name)


def _described(table: Mapping[str, Value], other: Mapping[str, Value], name: str) -> str:
    if name not in table:
        return "none"
    value = table[name]
    text = flag(value) if isinstance(value, bool) else plain(value)
    return f"'{text}'" if name in other else f"the value '{text}' of type '{kind(value)}'"


def plain(value: Value) -> str:
    """A value as text."""
    return value if isinstance(value, str) else repr(value)


def flag(value: bool) -> str:
    """A bit of a method."""
    return "true" if value else "false"
