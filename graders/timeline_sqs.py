"""What a timeline says of SQS and SNS: the words that differ from a RabbitMQ queue's.

SQS deletes what is done where AMQP acks, and a receive is a call of the worker's that takes what
there is, where RabbitMQ pushes. Calls that only look for a queue's address, and those that set up
queues and topics, have no row.
"""

from graders.timeline_words import MOST_OF_A_NAME, plain, shown
from minibroker.sim.trace import DeadLettered, Published, Requested, Trace

SERVICES = frozenset({"sqs", "sns"})

SET_UP = frozenset(
    {
        "create_queue", "set_queue_attributes", "create_topic", "subscribe",
        "set_subscription_attributes", "set_topic_attributes", "tag_queue",
    }
)  # fmt: skip
"""Calls that no row is made for."""

DEAD = {"maxReceiveCount": "received maxReceiveCount times"}

FAILED_IN_PART = "fault: the first entry of {call} fails, and the answer says so under Failed"


def queue(request: Requested) -> str:
    """The name at the end of the address that a call was given."""
    url = shown(request.args.get("QueueUrl"))
    return plain(url.rstrip("/").rpartition("/")[2], MOST_OF_A_NAME)


def waited(request: Requested) -> str:
    """A receive that found nothing."""
    wait = request.args.get("WaitTimeSeconds")
    return f"wait up to {wait:g} s: nothing comes" if isinstance(wait, int) and wait else (
        "receive: nothing there"
    )  # fmt: skip


def verb(op: str) -> str:
    """How a copy that is done leaves its queue."""
    return "delete" if op.startswith("delete_message") else "ack"


def topics(trace: Trace) -> frozenset[str]:
    """The names of the topics that a process made."""
    made = (event for event in trace.of(Requested) if event.client == "sns")
    return frozenset(shown(each.args.get("Name")) for each in made if each.op == "create_topic")


def published(event: Published) -> str:
    """What stands after the name of a message that was published to a topic."""
    topic = plain(event.exchange, MOST_OF_A_NAME)
    return f" to {topic}" if event.queues else f" to {topic}, which delivers it to no queue"


def undelivered(event: DeadLettered) -> str:
    """What stands after the name of a message that a topic could not deliver to `event.queue`."""
    where = plain(event.queue, MOST_OF_A_NAME)
    if event.queues:
        return f": {plain(event.exchange, MOST_OF_A_NAME)} could not deliver it to {where}"
    topic = plain(event.exchange, MOST_OF_A_NAME)
    return f": {topic} may not send to {where}; dropped"


def hidden(until: int, now: int) -> str:
    """What a change of a visibility timeout says before the message's name, and after it."""
    return f" for {(until - now) / 1e6:g} s" if until > now else ": visible at once"
