"""The calls of a process in words: which of them make a row at once, and what it says.

What a call does in the world makes its own row, from the event that stands in the trace for it
(a charge, an ack, a commit). Here are the calls that leave no such event (a read, a sleep, an
empty poll, a subscription), the ones that were refused, and those that a crash cut off.
"""

from typing import Literal, TypeAlias

from graders import redis_calls
from graders import timeline_sqs as sqs
from graders.kafka_calls import called, takes
from graders.timeline_words import listed, money, plain
from graders.timeline_words import shown as said
from minibroker.sim.trace import Answered, Requested
from minibroker.sim.values import Value

Kind: TypeAlias = Literal["subscribe", "poll", "call", "sleep", "read"]

SET_UP = sqs.SET_UP | {
    "connect", "channel_open", "basic_qos", "queue_declare", "exchange_declare", "queue_bind",
}  # fmt: skip
"""Calls that no row is made for."""

ENDS = {
    "basic_cancel": "end the subscription",
    "channel_close": "close the channel",
    "connection_close": "close the connection",
}
LEDGERS = frozenset({"payments", "database", "mail", "stock", "shipping"})
MOST_OF_A_ROW = 60


def shown(request: Requested, answer: Answered | None) -> tuple[Kind, str, str] | None:
    """The row that a request makes by itself, as (kind, where its arrow ends, text). `answer`
    is what it will get, None if it never gets one."""
    if answer is not None and answer.error:
        return None
    args, queue = request.args, said(request.args.get("queue"))
    if request.client == "redis":
        return None if answer is None else redis(request, answer)
    match request.client, request.op:
        case "amqp", "basic_consume":
            return (
                "subscribe",
                queue,
                "subscribe, auto-ack" if args.get("auto_ack") else "subscribe",
            )
        case "amqp", "basic_get" if answer is not None and answer.did == "idle":
            return "poll", queue, "poll: nothing there"
        case "sqs", "receive_message" if answer is not None and answer.did == "idle":
            return "poll", sqs.queue(request), sqs.waited(request)
        case "amqp", op if op in ENDS:
            return "call", "", ENDS[op]
        case "clock", "sleep":
            return "sleep", "", f"sleep {seconds(args.get('seconds'))}"
        case client, ("get" | "keys" | "charges") if client in LEDGERS and answer is not None:
            return "read", client, read(request, answer.value)
    return None


def redis(request: Requested, answer: Answered) -> tuple[Kind, str, str] | None:
    """The row of a call of Redis that leaves no event: what it found, or that it found nothing."""
    call = plain(redis_calls.called(request), 80)
    if request.op in redis_calls.TAKES and answer.did == "idle":
        return "poll", "", f"{call}: nothing there"
    if answer.did == "read" and request.op not in redis_calls.TAKES:
        return "read", "", plain(f"{call}: {redis_calls.gave(answer.value)}", MOST_OF_A_ROW + 40)
    return None


def written(writes: Value) -> str:
    """A transaction's writes, such as ``insert done/order-1``."""
    texts = [
        f"{said(write[0])} {said(write[1])}/{said(write[2])}"
        for write in (writes if isinstance(writes, list) else [])
        if isinstance(write, list) and len(write) >= 3
    ]
    return plain(listed(texts, 4)) if texts else "commit"


def read(request: Requested, value: Value) -> str:
    """What a process asked a ledger, and what it found."""
    args = request.args
    match request.op:
        case "get":
            row = f"row {plain(said(value), MOST_OF_A_ROW)}" if value else "a row"
            found = "no row" if value is None else row
            return plain(f"get {said(args.get('table'))}/{said(args.get('key'))}: {found}")
        case "keys":
            keys = [said(key) for key in value] if isinstance(value, list) else []
            return plain(f"keys of {said(args.get('table'))}: {listed(keys) or 'none'}")
        case "charges":
            charges = [
                money(cents)
                for charge in (value if isinstance(value, list) else [])
                if isinstance(charge, dict) and isinstance(cents := charge.get("cents"), int)
            ]
            return plain(f"charges of {said(args.get('order'))}: {listed(charges) or 'none'}")
    return plain(f"{request.op}()")


def asked(request: Requested) -> str:
    """What a process asked for, when it was refused."""
    args = request.args
    if request.client == "kafka":
        return plain(called(request))
    if request.client == "redis":
        return plain(redis_calls.called(request))
    if request.op == "commit":
        return written(args.get("writes"))
    if request.client in LEDGERS and isinstance(args.get("order"), str):
        return plain(f"{request.op} {said(args.get('order'))}", 80)
    return plain(f"{request.op}()")


def refused(request: Requested | None, error: str, message: str, became: str = "refused") -> str:
    """A call that raised an error in the process. A broken unique key says it all by itself."""
    what = f"{asked(request)} {became}: " if request is not None else ""
    if error == "UniqueViolation" or not message:
        return plain(what + error)
    return plain(f"{what}{error}: {message}")


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
    if request is not None and request.client == "kafka":
        if takes(request):
            return f"crash before it sees {subject or 'the answer'}"
        return f"crash: the answer to {called(request)} never came"
    if request is not None and request.client == "redis" and not made:
        if redis_calls.takes(request):
            return f"crash before it sees {subject or 'the answer'}"
        return plain(f"crash: the answer to {redis_calls.called(request)} never came")
    if made:
        return f"crash: {made} happened, its answer never came"
    match op:
        case "receive" | "basic_get" | "receive_message":
            return f"crash before it sees {subject or 'the answer'}"
        case "basic_ack" | "basic_nack" | "basic_reject" | "basic_publish":
            return f"crash right after {op.removeprefix('basic_')}{what}"
        case "delete_message" | "delete_message_batch":
            return f"crash right after delete{what}"
        case "basic_consume":
            return "crash right after subscribe"
        case "commit":
            return "crash: commit happened, its answer never came"
        case "":
            return "crash"
    return plain(f"crash: the answer to {op}() never came")
