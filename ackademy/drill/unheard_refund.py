"""Bug hunt: a queue whose policy lets only the last topic send."""

from collections import Counter

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.spec import load
from graders.stage import Run
from minibroker.sim.trace import Answered, DeadLettered, Requested, SideEffect

NAME = "unheard_refund"


def emails(run: Run) -> int:
    """How many customers are written to."""
    return sum(event.kind == "email" for event in run.trace.of(SideEffect))


def undelivered(run: Run) -> Counter[str]:
    """How many messages SNS could not deliver, by queue."""
    return Counter(
        event.queue for event in run.trace.of(DeadLettered) if event.reason == "undelivered"
    )


def refused(run: Run) -> int:
    """How many calls of the learner's code were refused."""
    return sum(bool(event.error) for event in run.trace.of(Answered))


def _emails(run: Run) -> int:
    return {4: 0, 3: 1, 1: 2, 0: 3}[emails(run)]


def _refused(run: Run) -> int:
    return 0 if refused(run) else 1


def _one_topic_each(code: str, seed: int) -> str:
    """What the test of its author has looked at."""
    last = code.replace('["order-events", "cancel-events", "refund-events"]', '["order-events"]')
    last = last.replace('["order-events", "cancel-events"]', '["order-events"]')
    assert last != code
    run, _ = one_run(load(NAME), last, (), seed)
    many = sum(undelivered(run).values())
    calls = sum(event.op == "set_queue_attributes" for event in run.trace.of(Requested))
    return (
        f"The same code with one topic for each queue, as its author tested it: {calls} policies "
        f"are set, and {many or 'no'} messages are undelivered. The flaw comes with the second "
        "subscription, and takes away the first one's right."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="replaces_the_policy",
    story=(
        "A shop tells its services by SNS: of new orders, of cancelled ones and of refunds, on a "
        "topic each. The mailer's queue listens to all three, the stock's queue to two. Four "
        "events are published: an order, a cancellation, a refund, and another order. Here is the "
        "code:"
    ),
    predictions=(
        Prediction(
            "e-mails",
            "All four customers are owed an e-mail. How many get one?",
            ("all four", "three: the last topic of each queue is missing", "one", "nobody"),
            _emails,
            "A queue has one policy, and set_queue_attributes writes all of it anew. The last "
            "subscription's topic may send, the ones before it may not any more. [SQS API, "
            "SetQueueAttributes; SNS Developer Guide, Fanout to Amazon SQS queues]",
        ),
        Prediction(
            "errors",
            "Does a call raise an error, in the topology, at a publisher or in a service?",
            ("yes", "no, none"),
            _refused,
            "A publish succeeds when the topic has the message. That it cannot be delivered is a "
            "matter between SNS and the queue; a client error of this kind is not tried again. "
            "[SNS Developer Guide, Amazon SNS message delivery retries]",
        ),
    ),
    names={
        "lost_message": (
            "nothing is left of what a message obliged to, and it was not done. Here SNS could not "
            "deliver its copies, and dropped them."
        ),
        "duplicate_effect": "something is done more often than was asked for. Here it is too rare.",
        "stuck": (
            "work is left and the run does not get to it. Here the queues are empty, and all looks "
            "well."
        ),
        "phantom_publication": (
            "a topic tells of something that did not happen. Here it tells of what did, and nobody "
            "hears it."
        ),
    },
    asides=(_one_topic_each,),
    task=(
        "Mend the topology. Each queue hears of all topics that it listens to, and of no other.\n"
        "The services act once for each message, and may crash after any step."
    ),
    caveat=(
        "Here a policy counts at once. On AWS a change may take a minute. And give each "
        "subscription a dead-letter queue of its own there, with an alarm: it keeps what could "
        "not be delivered."
    ),
    interview=(
        (
            "A queue has one policy. Setting it replaces it, so whoever adds a subscription has to "
            "write down all topics that may send.",
            "shown above; SQS API, SetQueueAttributes",
        ),
        (
            "publish says nothing about delivery. What a queue's policy refuses is dropped, unless "
            "the subscription has a dead-letter queue.",
            "shown above; SNS Developer Guide, Amazon SNS dead-letter queues",
        ),
        (
            "Name the topics in the condition. A policy for every topic of the account works too, "
            "and allows more than anybody asked for.",
            "the designs above; SNS Developer Guide, Fanout to Amazon SQS queues",
        ),
    ),
)
