"""Where in a real protocol an effect of the simulator is, by its meaning.

A real client sends what the simulator knows nothing of (heartbeats, metadata), and sends in several
requests what is one effect there. So an effect is not found again by its number but by what it
does: the second `basic_ack` of the delivery with this body, the first `charge` of order-7. The
simulator counts so over its own run, the proxy over what passes it.

A crash after a message was handed out, before the process did anything, leaves the world as one
before the next thing that it does; that is where it is placed, for a real client is handed messages
ahead. A crash after something else is placed after the broker has applied the request and before
its answer is passed on.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from minibroker.sim.faults import Fault
from minibroker.sim.trace import Answered, Appended, Delivered, Published, Requested, Trace

When = Literal["before", "after"]

DELIVERY = "delivery"
"""A message that was handed out, by a push or by a `basic.get`."""


@dataclass(frozen=True)
class Op:
    """A request by its meaning: what it does, and about what (a body, an order, a place)."""

    name: str
    about: str = ""


@dataclass(frozen=True)
class Point:
    """The `nth` request like `op` of any process of a role: `kind` of fault is done before it goes
    on, or after it was applied and before its answer."""

    entry: str
    op: Op
    nth: int
    when: When
    kind: str

    def __str__(self) -> str:
        about = f" of {self.op.about}" if self.op.about else ""
        which = "" if self.nth == 1 else f", time {self.nth}"
        return f"{self.kind} {self.when} {self.op.name}{about}{which}"


@dataclass
class Counting:
    """Which of the points come, told by the requests that pass."""

    points: list[Point]
    seen: Counter[tuple[str, Op]] = field(default_factory=Counter)
    done: list[Point] = field(default_factory=list)

    def comes(self, entry: str, op: Op) -> Point | None:
        """Count a request, and give the point that it is."""
        self.seen[entry, op] += 1
        for point in self.points:
            if (point.entry, point.op, point.nth) == (entry, op, self.seen[entry, op]):
                self.points.remove(point)
                return point
        return None


class NoPoint(Exception):
    """The fault cannot be placed on the wire; the text says why."""


def about(body: bytes) -> str:
    """A message by a name that is the same in the simulator and outside: what it says it is about,
    or else its text."""
    try:
        said = json.loads(body)["id"]
        if isinstance(said, str):
            return said
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return body.decode("utf-8", "backslashreplace")


def entry_of(who: str) -> str:
    """The role of a process or an incarnation: ``biller`` of ``biller-2#1``."""
    name = who.partition("#")[0]
    stem, dash, number = name.rpartition("-")
    return stem if dash and number.isdigit() else name


Reading = Callable[[Trace, Requested], Op | None]


def op_of(trace: Trace, request: Requested) -> Op | None:
    """What an effect of the simulator is on the wire; None when it is nothing there."""
    reading = READINGS.get(request.client)
    return reading(trace, request) if reading else None


def point_of(trace: Trace, fault: Fault) -> Point:
    """The point at which a fault of a simulated run is done to a real process. `trace` is that of
    a run that is the same up to the fault. Raises `NoPoint`."""
    requests = trace.of(Requested)
    place = next((n for n, each in enumerate(requests) if each.number == fault.at), None)
    if place is None:
        raise NoPoint(f"effect {fault.at} is not in the run")
    request = requests[place]
    op = op_of(trace, request)
    if op is None:
        raise NoPoint(f"{request.op} is nothing that passes on a wire")
    if request.client == "kafka" and fault.kind in ("definite", "indefinite"):
        raise NoPoint("the real client sends a request again by itself when its answer is lost")
    if fault.kind == "pause" and any(each.client == "amqp" for each in requests):
        raise NoPoint("RabbitMQ gives a process that stands still up after some minutes only")
    when: When = "before" if fault.kind == "definite" else "after"
    if op.name == DELIVERY and fault.kind in ("crash", "pause"):
        for later, each in enumerate(requests[place + 1 :], place + 1):
            if each.who == request.who and (follows := op_of(trace, each)) is not None:
                if follows.name == DELIVERY:
                    break
                place, op, when = later, follows, "before"
                break
    entry = entry_of(request.who)
    nth = 1 + sum(
        entry_of(each.who) == entry and op_of(trace, each) == op for each in requests[:place]
    )
    return Point(entry, op, nth, when, fault.kind)


# --- AMQP and the ledgers ------------------------------------------------------------------


def _amqp(trace: Trace, request: Requested) -> Op | None:
    args = request.args
    match request.op:
        case "basic_publish":
            body = args.get("body")
            return Op("basic_publish", about(body if isinstance(body, bytes) else b""))
        case "basic_ack" | "basic_nack" | "basic_reject":
            return Op(request.op, _settled(trace, request))
        case "receive" | "basic_get":
            answer = _answer(trace, request)
            if isinstance(answer, dict) and isinstance(body := answer.get("body"), bytes):
                return Op(DELIVERY, about(body))
            return None
        case "basic_consume":
            return Op(request.op, str(args.get("queue")))
    return None


def _answer(trace: Trace, request: Requested) -> object:
    found = (each.value for each in trace.of(Answered) if each.number == request.number)
    return next(found, None)


def _settled(trace: Trace, request: Requested) -> str:
    """What the delivery that is settled here is about."""
    tag = request.args.get("delivery_tag")
    handed = [
        each.message
        for each in trace.of(Delivered)
        if (each.who, each.tag) == (request.who, tag) and each.at <= request.at
    ]
    if not handed:
        return ""
    bodies = {each.message: each.body for each in trace.of(Published)}
    return about(bodies.get(handed[-1], b""))


def _ledger(trace: Trace, request: Requested) -> Op:
    return ledger_op(request.op, request.args)


def ledger_op(op: str, args: Mapping[str, object]) -> Op:
    """A call of a ledger."""
    return Op(op, str(args.get("order", args.get("key", ""))))


# --- Kafka ---------------------------------------------------------------------------------


def _kafka(trace: Trace, request: Requested) -> Op | None:
    match request.op:
        case "poll" | "consume":
            value = _first_value(_answer(trace, request))
            return None if value is None else Op(DELIVERY, about(value))
        case "flush":
            return _produced(trace, request)
        case "send_offsets" | "commit":
            place = _place(request.args.get("offsets"))
            return Op(request.op, place) if place else None
        case "commit_transaction" | "abort_transaction":
            return Op(request.op, _last_produced(trace, request))
        case "init_transactions":
            return Op(request.op)
    return None


def _first_value(answer: object) -> bytes | None:
    """The value of the first record that a call has handed out."""
    if not isinstance(answer, dict):
        return None
    record = answer.get("record")
    if record is None and isinstance(records := answer.get("records"), list) and records:
        record = records[0]
    value = record.get("value") if isinstance(record, dict) else None
    return value if isinstance(value, bytes) else None


def _produced(trace: Trace, request: Requested) -> Op | None:
    """The records that left by this call."""
    events = iter(trace.events)
    for event in events:
        if event is request:
            break
    for event in events:
        if isinstance(event, Appended) and event.who == request.who:
            return Op("produce", about(event.value or b""))
        if isinstance(event, Answered) and event.number == request.number:
            break
    return None


def _last_produced(trace: Trace, request: Requested) -> str:
    """What a transaction is about: what its process has produced last."""
    last = ""
    for event in trace.events:
        if event is request:
            break
        if isinstance(event, Appended) and event.who == request.who:
            last = about(event.value or b"")
    return last


def _place(offsets: object) -> str:
    match offsets:
        case [[str(topic), int(partition), *_], *_]:
            return f"{topic}/{partition}"
    return ""


READINGS: dict[str, Reading] = {
    "kafka": _kafka,
    "amqp": _amqp,
    **dict.fromkeys(("payments", "mail", "database", "stock", "shipping"), _ledger),
}
