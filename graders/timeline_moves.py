"""Why a copy left a queue, went on to another or came back, in the broker's words.

RabbitMQ's pages "Dead Letter Exchanges", "Time-To-Live and Expiration", "Queue Length Limit" and
"Quorum Queues" (poison messages) name these reasons; a learner who knows them by these words finds
them in an `x-death` header and on those pages.
"""

from graders import timeline_sqs as sqs
from graders.redis_calls import PUBSUB
from graders.timeline_words import MOST_OF_A_NAME, plain, routed
from minibroker.sim.trace import DeadLettered, Published, Requeued, Settled

GONE = {
    "dropped": "dropped",
    "expired": "its time to live is over",
    "overflowed": "the queue is full",
    "undeliverable": "over the delivery limit",
    "deleted": "its queue is deleted",
    "transient": "not persistent",
    "removed": "deleted",
    "trimmed": "trimmed from the stream",
    "abandoned": "its consumer is deleted, and with it what was pending",
    "skipped": "the group goes on after it",
    "moved": "moved on",
    "unread": "published to a connection that ended before it was read",
}
"""After ``drop order-1:``, for what the broker does with a copy by itself."""

DEAD = {
    "rejected": "rejected",
    "expired": "its time to live is over",
    "maxlen": "the queue is full",
    "delivery_limit": "over the delivery limit",
    **sqs.DEAD,
}

REFUSALS = frozenset({"nack", "reject"})
"""The calls by which a consumer says no."""


def settled(event: Settled, verb: str) -> tuple[str, str]:
    """What stands before and after the name of a copy that left its queue for good. `verb` is the
    call of a process that is the cause, empty if there is none."""
    match event.how:
        case "acked":
            return sqs.verb(verb), ""
        case "moved":
            return "move", " to another list"
        case "removed":
            return "delete", ""
        case "trimmed":
            return "trim", ", which nobody was done with"
        case "purged":
            return "purge", ""
        case "dropped":
            return verb or "reject", ": dropped"
    return "drop", f": {GONE.get(event.how, plain(event.how))}"


def requeued(event: Requeued, verb: str) -> str:
    """Why a copy came back by itself, empty when a consumer's `verb` sent it back."""
    if event.why in ("nacked", "rejected"):
        return "" if verb in REFUSALS else "subscription ended"
    return plain(event.why)


def dead(event: DeadLettered) -> str:
    """What stands after ``dead-letter order-1:``."""
    if event.reason == "undelivered":
        return sqs.undelivered(event)
    reason = DEAD.get(event.reason, plain(event.reason))
    if event.queues == [event.queue]:
        return f": {reason}, back into the same queue"
    if event.queues:
        return f": {reason}"
    return f": {reason}; dropped, no queue for {routed(event.exchange, event.routing_key)}"


def unrouted(event: Published, refused: bool) -> str:
    """Why a published message is in no queue; empty when it is in one, or when the row of its
    refusal says it."""
    if event.queues or refused:
        return ""
    if event.exchange == PUBSUB:
        return ", heard by nobody"
    return f", dropped: no queue for {routed(event.exchange, event.routing_key)}"


def full(queue: str) -> str:
    """What stands after the name of a message that a queue did not accept."""
    return f" not accepted: {plain(queue, MOST_OF_A_NAME)} is full"
