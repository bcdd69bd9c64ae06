"""The calls of a Kafka client by the names that a learner knows them by.

A client crosses the boundary by shorter names than its library has, and not with every call: see
`minibroker.agents.kafka`. Here are those names, and what a fault at such a call means, for
librdkafka does much by itself.
"""

from minibroker.sim.trace import Answered, Requested

TAKES = frozenset({"poll", "consume"})
"""The calls that hand out records. They cannot fail: what gets lost is fetched again."""

TRIED_AGAIN = TAKES | frozenset({
    "subscribe", "unsubscribe", "finish", "assign", "unassign", "incremental_assign",
    "incremental_unassign", "close", "begin_transaction", "purge",
})  # fmt: skip
"""The calls that cannot fail for a lost request or answer: the client tries again by itself, or
nothing is sent."""

SENT_AGAIN = frozenset({"produce", "flush", "producer_poll"})
"""The calls whose requests, the records of a producer, are sent again by the client: a fault at one
shows in what the broker gets, and their caller sees no error."""

NAMES = {
    "producer_new": "Producer",
    "consumer_new": "Consumer",
    "producer_poll": "poll",
    "send_offsets": "send_offsets_to_transaction",
    "finish": "poll",
    "watermarks": "get_watermark_offsets",
    "group_metadata": "consumer_group_metadata",
}


def called(request: Requested) -> str:
    """A call as it stands in the learner's code, such as ``commit_transaction()``."""
    if request.client != "kafka":
        return f"{request.op}()"
    if request.op == "flush" and request.args.get("committing") is True:
        return "commit_transaction()"
    return f"{NAMES.get(request.op, request.op)}()"


def takes(request: Requested) -> bool:
    """Whether a call may hand out records."""
    return request.client == "kafka" and request.op in TAKES


def sent_again(request: Requested | None) -> bool:
    """Whether what gets lost of a call is sent again without its caller's knowing."""
    return request is not None and request.client == "kafka" and request.op in SENT_AGAIN


def cannot_fail(request: Requested) -> bool:
    """Whether a lost request or answer of a call is nothing that its caller, or anybody, would
    see: it is tried again, or it was not waited for."""
    if request.client != "kafka":
        return False
    unawaited = request.op == "commit" and request.args.get("asynchronous") is not False
    return unawaited or request.op in TRIED_AGAIN


def tells_of_a_rebalance(answer: Answered) -> bool:
    """Whether a poll was answered with partitions that come or go, and no record."""
    return isinstance(answer.value, dict) and bool({"assign", "revoke"} & set(answer.value))
