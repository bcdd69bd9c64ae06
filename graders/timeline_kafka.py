"""The calls of a Kafka client in words: which of them make a row of a timeline, and what it says.

What a call does in the cluster makes its own row (see `graders.timeline_log`). Here are the calls
that leave no event, such as a poll in vain, and the records that were produced and never sent.
"""

from collections import Counter
from typing import cast

from graders import kafka_calls
from graders import timeline_words as words
from graders.judges.records import place
from graders.timeline_copies import Copies
from graders.timeline_draft import Kind
from minibroker.sim.trace import Answered, Appended, Requested, Trace
from minibroker.sim.values import Value

UNSEEN = frozenset({"consumer_new", "producer_new", "finish"})
"""Calls that no row is made for."""


def shown(request: Requested, copies: Copies, never_sent: bool) -> tuple[Kind, str] | None:
    """The row that a call makes by itself, as (kind, text)."""
    args = request.args
    match request.op:
        case "subscribe":
            topics = args.get("topics")
            named = [words.shown(each) for each in topics] if isinstance(topics, list) else []
            return "subscribe", words.plain(f"subscribe to {words.listed(named)}")
        case "assign" | "incremental_assign" | "incremental_unassign" | "seek":
            to = f" to offset {_offset(args)}" if request.op == "seek" else ""
            return "call", words.plain(f"{request.op} {_listed(args)}{to}")
        case "pause" | "resume":
            verb = "pause" if args.get("pauses") is True else "resume"
            return "call", words.plain(f"{verb} {_listed(args)}")
        case "produce" if never_sent:
            topic = words.plain(words.shown(args.get("topic")), words.MOST_OF_A_NAME)
            key, value = _bytes(args.get("key")), _bytes(args.get("value"))
            name = copies.record_named(key, value) or "a record"
            return "call", f"produce {name} to {topic}: it never leaves the client"
    return None


def outcome(request: Requested, answer: Answered, seen: bool) -> tuple[Kind, str] | None:
    """The row of a call when it has its answer, as (kind, text). `seen` says that it has a row."""
    value, op = answer.value, request.op
    if kafka_calls.takes(request) and not seen:
        if not value or value == {"records": []}:
            return "poll", f"{_waited(request)}: nothing there"
        if isinstance(value, dict) and "error" in value:
            return "error", words.plain(f"poll: an error, {_error(value['error'])}")
    if answer.did != "changed" or seen or op in UNSEEN or (op == "close" and value is not None):
        return None
    return "call", words.plain(kafka_calls.called(request))


def never_sent(trace: Trace) -> frozenset[int]:
    """The effects that produced a record which was never appended."""
    sent = Counter((event.who, event.topic, event.value) for event in trace.of(Appended))
    found = set()
    for request in trace.of(Requested):
        if (request.client, request.op) != ("kafka", "produce"):
            continue
        topic, value = words.shown(request.args.get("topic")), _bytes(request.args.get("value"))
        sent[request.who, topic, value] -= 1
        if sent[request.who, topic, value] < 0:
            found.add(request.number)
    return frozenset(found)


def lane(topic: str, number: int) -> str:
    """The name of a partition's lane."""
    return place((words.plain(topic, words.MOST_OF_A_NAME), number))


def _waited(request: Requested) -> str:
    timeout = request.args.get("timeout")
    return f"poll {timeout:g} s" if timeout and isinstance(timeout, int | float) else "poll"


def _listed(args: dict[str, Value]) -> str:
    """The partitions that a call names, ``[topic, partition, ...]`` each."""
    listed = args.get("partitions")
    named = [
        lane(words.shown(each[0]), cast(int, each[1]))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, list) and len(each) > 1
    ]
    return words.listed(named) or "nothing"


def _offset(args: dict[str, Value]) -> str:
    match args.get("partitions"):
        case [[_, _, int(offset), *_]]:
            return str(offset)
    return "?"


def _bytes(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _error(value: Value) -> str:
    if isinstance(value, dict):
        return words.shown(value.get("text") or value.get("message") or value.get("code"))
    return words.shown(value)
