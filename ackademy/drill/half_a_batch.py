"""Bug hunt: a sender that waits for an exception where SQS answers."""

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.spec import load
from graders.stage import Run
from minibroker.sim.faults import Fault
from minibroker.sim.trace import Committed, Owed, Published, Requested, SideEffect

NAME = "half_a_batch"


def too_long(run: Run) -> str:
    """The order that the queue does not take."""
    [order] = [event.subject for event in run.trace.of(Owed) if event.kind.startswith("row in")]
    return order


def sent(run: Run) -> int:
    """How many orders came to the queue."""
    return len(run.trace.of(Published))


def kept(run: Run) -> bool:
    """Whether the checkout is still in the database in the end."""
    writes = [write for event in run.trace.of(Committed) for write in event.writes]
    return not any(isinstance(write, list) and write[0] == "delete" for write in writes)


def _sent(run: Run) -> int:
    return {0: 0, 5: 1, 6: 2}[sent(run)]


def _row(run: Run) -> int:
    return 0 if kept(run) else 1


def _failing_by_itself(code: str, seed: int) -> str:
    """The same sender, when SQS has an error of its own with one entry."""
    spec = load(NAME)
    free, _ = one_run(spec, code, (), seed)
    [batch] = [each for each in free.trace.of(Requested) if each.op == "send_message_batch"]
    run, _ = one_run(spec, code, (Fault("definite", batch.number),), seed)
    charged = {event.subject for event in run.trace.of(SideEffect) if event.kind == "charge"}
    return (
        "The same sender, when SQS has an internal error with the first entry as well: "
        f"{sent(run)} orders come to the queue and {len(charged)} are charged. This error would "
        "have passed. Under Failed it says SenderFault false, where the order that is too long "
        f"({too_long(run)}) says SenderFault true."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="waits_for_an_exception",
    story=(
        "A web shop keeps a checkout as one row of its database, here with six orders. A sender "
        "puts them into the SQS queue `orders` in one batch and deletes the row. The queue takes "
        "messages of up to 1,024 bytes. One order has a long note for its gift card. Here are the "
        "sender and the worker:"
    ),
    predictions=(
        Prediction(
            "orders in the queue",
            "How many of the six orders come to the queue?",
            ("none: SQS refuses the batch", "five", "all six"),
            _sent,
            "Each entry of a batch succeeds or fails by itself. The answer has status 200, and "
            "lists the entries under Successful and Failed. [SQS API, SendMessageBatch]",
        ),
        Prediction(
            "the checkout",
            "And what becomes of the row?",
            ("it is kept, since one order was not sent", "it is deleted"),
            _row,
            "An exception is raised when the request fails. This one succeeded, so the sender goes "
            "on, and deletes the only copy of the order that was not sent. [SQS API, "
            "SendMessageBatch]",
        ),
    ),
    names={
        "lost_message": (
            "nothing is left of what an order obliged to, and it was not done. Here the order is "
            "not in the queue, and its row is deleted."
        ),
        "duplicate_effect": (
            "a card is charged more often than was asked for. Here the idempotency key holds."
        ),
        "stuck": (
            "work is left and the run does not get to it. Here nothing is left, and that is the "
            "harm."
        ),
        "dead_letter_without_cause": (
            "a message was put away and nobody can tell why. Here it was not put away at all."
        ),
    },
    asides=(_failing_by_itself,),
    task=(
        "Mend the sender. Every order that the queue takes is charged once. One that it will\n"
        "never take goes into the table `too_long` under its id, where a clerk finds it. The\n"
        "sender may crash after any step, and any entry of a batch may fail."
    ),
    caveat=(
        "Here a sender fault comes from the length. Others are characters that SQS does not take, "
        "and a delay or an attribute that is not allowed. The same answer comes from "
        "delete_message_batch and publish_batch."
    ),
    interview=(
        (
            "A batch call of SQS raises nothing when some of its entries fail: the answer lists "
            "them under Failed, with status 200.",
            "shown above; SQS API, SendMessageBatch",
        ),
        (
            "SenderFault says whether it is worth trying again: true will fail for ever, false may "
            "pass.",
            "shown above; SQS API, BatchResultErrorEntry",
        ),
        (
            "Delete the source after the answer says that all is sent or put away. A crash between "
            "repeats messages, so the consumer needs a key of the order's own.",
            "the crashes above",
        ),
    ),
)
