"""How RabbitMQ words values and their types in its replies."""

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


def described(table: dict[str, Value], name: str) -> str:
    """An argument as a reply about declarations that differ has it."""
    if name not in table:
        return "none"
    value = table[name]
    text = flag(value) if isinstance(value, bool) else plain(value)
    return f"the value '{text}' of type '{kind(value)}'"


def plain(value: Value) -> str:
    """A value as text."""
    return value if isinstance(value, str) else repr(value)


def flag(value: bool) -> str:
    """A bit of a method."""
    return "true" if value else "false"
