"""What happened, in the field's words: the short texts that a timeline's rows are made of.

Everything that a learner's code chose (names, bodies, errors) goes through `plain` once, here,
so that a row is one line and no terminal or browser takes any of it for a command.
"""

import re
from collections.abc import Sequence

from minibroker.sim.trace import Exited
from minibroker.sim.values import Value

MOST = 240
"""Characters of a text at most."""

MOST_OF_A_NAME = 60
"""Characters of a name at most, where it is a part of a text."""

# Line breaks and controls (C0, C1), marks that turn the direction of writing, halves of
# surrogate pairs, and what XML 1.0 (2.2, Characters) forbids.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def plain(text: str, most: int = MOST) -> str:
    """The text on one line, without characters that could do something, at most `most` long."""
    if not text.isprintable():
        text = _UNSAFE.sub(lambda found: " " if found[0] in "\n\r\t" else "\ufffd", text)
    return text if len(text) <= most else text[: most - 1] + "…"


def shown(value: Value) -> str:
    """A value of the boundary as text; bytes as the text they spell."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a row; of many the first ones and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def routed(exchange: str, key: str) -> str:
    """Where a message was sent to."""
    on = f" on exchange {plain(exchange, MOST_OF_A_NAME)}" if exchange else ""
    return f"routing key '{plain(key, MOST_OF_A_NAME)}'{on}"


def money(cents: int) -> str:
    """Hundredths as an amount: 4200 is 42.00."""
    return f"{cents // 100}.{cents % 100:02d}"


def detailed(detail: dict[str, Value]) -> str:
    """What a side effect was made with: the amount alone if that is all."""
    if list(detail) == ["cents"] and isinstance(cents := detail["cents"], int):
        return money(cents)
    return plain(", ".join(f"{name} {shown(value)}" for name, value in detail.items()), 80)


def ledger(kind: str) -> str:
    """Where a side effect of this kind is made."""
    return LEDGER.get(kind, kind)


def done(kind: str) -> str:
    """The past participle of a side effect's kind."""
    if kind.startswith(("record in ", "row in ")):
        return "made"
    return DONE.get(kind, "done")


DONE = {
    "charge": "charged",
    "refund": "refunded",
    "email": "sent",
    "dead letter": "put away",
    "ticket": "opened",
    "reservation": "reserved",
    "release": "released",
    "shipment": "booked",
    "cancellation": "cancelled",
}

LEDGER = {
    "charge": "payments",
    "refund": "payments",
    "commit": "database",
    "email": "mail",
    "reservation": "stock",
    "release": "stock",
    "shipment": "shipping",
    "cancellation": "shipping",
}


def exited(event: Exited) -> str:
    """How a process ended by itself."""
    line = f" in line {event.line}" if event.line else ""
    match event.how:
        case "returned":
            return "ends: its function returned"
        case "interrupted":
            return "ends: interrupted"
        case "raised":
            message = f": {event.message}" if event.message else ""
            return plain(f"ends: raised {event.error}{line}{message}")
        case "spun":
            return f"ends: looped{line} without calling anybody"
        case "hung":
            return "ends: its time was up and it had called nobody"
        case "vanished":
            message = f" ({event.message})" if event.message else ""
            return plain(f"ends: its whole Python process ended{line}{message}")
        case "would not stop":
            return "killed: it did not stop when it was interrupted"
    return f"ends: sent what is no call of a client{line}"
