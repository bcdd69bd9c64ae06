"""Bug hunt: a service that commits what succeeded and counts on what failed to come again."""

from typing import cast

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.spec import load
from graders.specs.skipped_order.spec import ORDERS
from graders.stage import Run
from minibroker.sim.faults import crash
from minibroker.sim.trace import Declined, OffsetsCommitted, Requested, SideEffect, Trouble

NAME = "skipped_order"


def charged(run: Run) -> int:
    """How often the order whose bank was away is charged."""
    [away] = [event.subject for event in run.trace.of(Trouble)]
    return sum(
        event.kind == "charge" and event.subject == away for event in run.trace.of(SideEffect)
    )


def committed(run: Run) -> int:
    """The offset that the group has committed in the end."""
    *_, last = run.trace.of(OffsetsCommitted)
    [[_, _, offset]] = cast("list[tuple[str, int, int]]", last.offsets)
    return offset


def _charged(run: Run) -> int:
    return {0: 2, 1: 0}.get(charged(run), 3)


def _committed(run: Run) -> int:
    [away] = [event.subject for event in run.trace.of(Trouble)]
    before = int(away.partition("-")[2]) - 1  # order-1 stands at offset 0
    return {before: 0, ORDERS - 1: 1, ORDERS: 2}[committed(run)]


def _killed_in_time(code: str, seed: int) -> str:
    """The same service, killed between the failure and the next commit."""
    spec = load(NAME)
    free, _ = one_run(spec, code, (), seed)
    [failed] = free.trace.of(Declined)
    numbers = [
        event.number
        for event in free.trace.of(Requested)
        if event.op == "charge" and event.at <= failed.at
    ]
    run, _ = one_run(spec, code, (crash(numbers[-1]),), seed)
    times = {0: "not charged", 1: "charged"}.get(charged(run), "charged twice")
    return (
        f"The same service, killed right after the charge of {failed.subject} has failed: the "
        f"order is {times}. The next process reads on at the committed offset, and nothing has "
        "passed the order yet. So a kill at the right moment saves the order, and a service that "
        "lives on loses it. That is why a test with one order and a restart finds nothing."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="commits_what_succeeded",
    story=(
        "A shop's orders stand in a topic of Kafka with one partition. A service charges them, and "
        "commits each one that is charged. Six orders come, at the offsets 0 to 5, the last one "
        "later than the others. The bank of one in the middle is away for a few seconds. Here is "
        "the service:"
    ),
    predictions=(
        Prediction(
            "the order whose bank was away",
            "Nothing crashes. What becomes of the order whose bank was away?",
            (
                "it is charged when the bank is back",
                "it is charged at the next poll after the last order",
                "it is never charged",
                "it is charged twice",
            ),
            _charged,
            "A poll hands out what comes next; not to commit something does not bring it back. "
            "What is committed is read when a partition gets an owner, and this one keeps its "
            "owner. [Kafka, KafkaConsumer, Offsets and Consumer Position]",
        ),
        Prediction(
            "the committed offset in the end",
            "And where does the group's committed offset stand in the end?",
            (
                "at the order that failed",
                "at 5: one of six is not committed",
                "at 6: everything is committed, the lag is 0",
            ),
            _committed,
            "A commit is one number for a partition, not a list. The next order that succeeded "
            "committed the offset behind itself, and so all before it. No number that is looked at "
            "shows the loss. [Kafka, KafkaConsumer, Offsets and Consumer Position]",
        ),
    ),
    names={
        "skipped_offset": (
            "the committed offset went past an order that was not done. Here the work on it had "
            "failed, and the next success committed past it."
        ),
        "stuck": (
            "work is left and the run does not get to it. Here the group has come to the end of "
            "the partition and rests; it believes that all is done."
        ),
        "duplicate_effect": (
            "a card is charged more often than was asked for. Here the idempotency key holds."
        ),
        "dirty_read": (
            "a reader sees a record of a transaction that was aborted. Here there is no "
            "transaction."
        ),
    },
    asides=(_killed_in_time,),
    task=(
        "Mend the service. Every order is charged once, in the order in which they came, and in\n"
        "the end the group has committed all of them. The bank comes back by itself. The service\n"
        "may crash after any step."
    ),
    caveat=(
        "Here the bank comes back in seconds. One that stays away, or an order that can never be "
        "charged, would hold up all that is behind it: such an order goes to a topic for dead "
        "letters, with its delivery report before the commit. And a service that waits longer than "
        "max.poll.interval.ms between two polls is taken for dead."
    ),
    interview=(
        (
            "A committed offset says that all before it is done. So the next success commits past "
            "a failure, and the order is lost without an error and with a lag of 0.",
            "shown above; Kafka, KafkaConsumer, Offsets and Consumer Position",
        ),
        (
            "Not to commit is no way to get a record again: the position moves with each poll. "
            "Stay with the record, seek back to it, or end the process.",
            "the designs above; Kafka, KafkaConsumer, Controlling The Consumer's Position",
        ),
        (
            "A list of what failed, kept in memory, loses it at the first crash, unless the "
            "commits wait for it.",
            "the mend that keeps what failed in a list, above",
        ),
    ),
)
