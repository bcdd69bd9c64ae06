"""What happened, in the field's words: the short texts that a timeline's rows are made of.

Everything that a learner's code chose (names, bodies, errors) goes through `plain` once, here,
so that a row is one line and no terminal or browser takes any of it for a command.
"""

import re
from collections.abc import Sequence

from minibroker.sim.trace import Exited, Owed, Requested, Trace
from minibroker.sim.values import Value

MOST = 240
"""Characters of a text at most."""

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


def subjects(trace: Trace) -> dict[int, tuple[str, bool]]:
    """For each message that is owed something: its subject, and whether an earlier message had
    the same one."""
    named: dict[int, tuple[str, bool]] = {}
    seen: set[str] = set()
    for event in trace.of(Owed):
        named[event.message] = plain(event.subject, 60), event.subject in seen
        seen.add(event.subject)
    return named


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a row; of many the first ones and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def money(cents: int) -> str:
    """Hundredths as an amount: 4200 is 42.00."""
    return f"{cents // 100}.{cents % 100:02d}"


def detailed(detail: dict[str, Value]) -> str:
    """What a side effect was made with: the amount alone if that is all."""
    if list(detail) == ["cents"] and isinstance(cents := detail["cents"], int):
        return money(cents)
    return plain(", ".join(f"{name} {value}" for name, value in detail.items()), 80)


def done(kind: str) -> str:
    """The past participle of a side effect's kind."""
    return {"charge": "charged", "refund": "refunded", "email": "sent"}.get(kind, "done")


def written(writes: Value) -> str:
    """A transaction's writes, such as ``insert done/order-1``."""
    texts = [
        f"{write[0]} {write[1]}/{write[2]}"
        for write in (writes if isinstance(writes, list) else [])
        if isinstance(write, list) and len(write) >= 3
    ]
    return plain(listed(texts, 4)) if texts else "commit"


def read(request: Requested, value: Value) -> str:
    """What a process asked a ledger, and what it found."""
    args = request.args
    match request.op:
        case "get":
            found = "no row" if value is None else f"row {value}" if value else "a row"
            return plain(f"get {args.get('table')}/{args.get('key')}: {found}")
        case "keys":
            keys = [str(key) for key in value] if isinstance(value, list) else []
            return plain(f"keys of {args.get('table')}: {listed(keys) or 'none'}")
        case "charges":
            charges = [
                money(charge["cents"])
                for charge in (value if isinstance(value, list) else [])
                if isinstance(charge, dict) and isinstance(charge.get("cents"), int)
            ]
            return plain(f"charges of {args.get('order')}: {listed(charges) or 'none'}")
    return plain(f"{request.op}()")


def asked(request: Requested) -> str:
    """What a process asked for, when it was refused."""
    args = request.args
    if request.op == "commit":
        return written(args.get("writes"))
    if request.op in ("charge", "charges"):
        return plain(f"{request.op} {args.get('order')}", 80)
    return plain(f"{request.op}()")


def refused(request: Requested | None, error: str, message: str) -> str:
    """A call that raised an error in the process. A broken unique key says it all by itself."""
    what = f"{asked(request)} refused: " if request is not None else ""
    if error == "UniqueViolation" or not message:
        return plain(what + error)
    return plain(f"{what}{error}: {message}")


def body(content: bytes) -> str:
    """The beginning of a message's body."""
    return plain(content[:200].decode("utf-8", "replace"), 40)


def seconds(span: Value) -> str:
    """A span of time as the learner wrote it."""
    return f"{span:g} s" if isinstance(span, int | float) else "?"


def waited(timeout: Value) -> str:
    """A wait for a delivery that ended without one."""
    return f"wait {seconds(timeout)}: nothing comes" if timeout else "poll: nothing there"


def crash(request: Requested | None, made: str, subject: str) -> str:
    """A crash, by what the process had just asked for. `made` is the kind of side effect that
    was done, if one was; `subject` names the messages that the request was about."""
    op = request.op if request is not None else ""
    what = f" {subject}" if subject else ""
    if made:
        return f"crash: {made} happened, its answer never came"
    match op:
        case "receive" | "basic_get":
            return f"crash: its process is gone before it sees {subject or 'the answer'}"
        case "basic_ack" | "basic_nack" | "basic_reject" | "basic_publish":
            return f"crash right after {op.removeprefix('basic_')}{what}"
        case "basic_consume":
            return "crash right after subscribe"
        case "commit":
            return "crash: commit happened, its answer never came"
        case "":
            return "crash"
    return plain(f"crash: {op}() was done, its answer never came")


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
