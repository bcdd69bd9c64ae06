"""Bug hunt: a biller whose revoke handler commits its position."""

from typing import cast

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.spec import load
from graders.specs.handover.spec import IN_HAND
from graders.stage import Run
from minibroker.sim.clock import seconds
from minibroker.sim.trace import Appended, OffsetsCommitted, Owed, SideEffect

NAME = "handover"


def in_hand(run: Run) -> tuple[int, int]:
    """Of the orders that the first biller had in its list at the rebalance: how many there were,
    and how many were charged in the end."""
    came = seconds(IN_HAND)
    mine = {event.subject for event in run.trace.of(Owed) if came <= event.at < came + seconds(1)}
    charged = {event.subject for event in run.trace.of(SideEffect)}
    return len(mine), len(mine & charged)


def lag(run: Run) -> int:
    """Records that the group had not committed in the end."""
    ends: dict[tuple[str, int], int] = {}
    for event in run.trace.of(Appended):
        ends[event.topic, event.partition] = event.offset + 1
    committed: dict[tuple[str, int], int] = {}
    for each in run.trace.of(OffsetsCommitted):
        for topic, partition, offset in cast("list[tuple[str, int, int]]", each.offsets):
            committed[topic, partition] = offset
    return sum(end - committed.get(place, 0) for place, end in ends.items())


def _charged(run: Run) -> int:
    return {3: 0, 2: 1, 1: 2}.get(in_hand(run)[1], 3)


def _lag(run: Run) -> int:
    return {0: 0, 1: 1, 3: 2}.get(lag(run), 3)


def _without_the_handler(code: str, seed: int) -> str:
    """The same biller with nothing in its place."""
    without = code.replace(", on_revoke=on_revoke", "")
    assert without != code
    run, _ = one_run(load(NAME), without, (), seed)
    there, charged = in_hand(run)
    return (
        f"The same biller without its handler: {charged} of the {there} orders are charged. It "
        "goes on with its list after its partitions have gone, the next biller reads the same "
        "orders, and only the idempotency key keeps the customers from paying twice. The handler "
        "was written to mend that, and made it worse."
    )


def _cooperative(code: str, seed: int) -> str:
    """The same biller in a group that rebalances cooperatively."""
    setting = '"enable.auto.commit": False,'
    cooperative = code.replace(
        setting, setting + ' "partition.assignment.strategy": "cooperative-sticky",'
    )
    assert cooperative != code
    run, _ = one_run(load(NAME), cooperative, (), seed)
    there, charged = in_hand(run)
    return (
        f"And with cooperative-sticky, where only one partition of three goes: {charged} of "
        f"{there} are charged. `commit()` commits the position of all partitions, and "
        "`batch.clear()` forgets the orders of those that stay as well."
    )


HUNT = Hunt(
    exercise=NAME,
    broken="commits_the_position",
    story=(
        "A shop reads its orders from the topic `orders` of Kafka, which has three partitions. A "
        "biller collects some, charges their cards, and commits. It is the only one in its group. "
        "Then a second one starts, just before three orders come, one on each partition. When the "
        "first biller is told of the rebalance, it has these three in its list. Here is the biller:"
    ),
    predictions=(
        Prediction(
            "the orders in the list that are charged",
            "How many of the three orders in the list are charged in the end, by whomever?",
            ("all three", "two", "one", "none"),
            _charged,
            "`commit()` without arguments commits the stored offsets, and librdkafka stores an "
            "offset when the record is handed to the application. So the offsets after the three "
            "orders are committed, the list is emptied, and whoever has the partitions next begins "
            "behind them. [librdkafka, CONFIGURATION.md, enable.auto.offset.store]",
        ),
        Prediction(
            "the lag of the group",
            "And what lag does the group have at the end, in records?",
            ("0", "1", "3", "another number"),
            _lag,
            "Lag counts what is not committed, and a lost order is committed. No dashboard shows "
            "it. It is found when a customer asks why nobody has taken the money.",
        ),
    ),
    names={
        "lost_message": (
            "the group's offset has passed a record, and what it asked for was not done and never "
            "will be."
        ),
        "duplicate_effect": (
            "a card is charged more often than was asked for. Here nobody reads the orders twice."
        ),
        "stuck": (
            "work is left and nobody gets to it: records that the group has not committed. Here "
            "all are committed."
        ),
        "reordered": (
            "orders of one customer are worked on in another order than they came in. Here those "
            "that are worked on keep theirs."
        ),
    },
    asides=(_without_the_handler, _cooperative),
    task=(
        "Mend the biller. Every order is charged, none is charged twice, and in the end the group\n"
        "has committed all of them. The second biller joins at any time, and a biller may crash\n"
        "after any step. Whether it collects orders at all is up to you."
    ),
    caveat=(
        "Here a biller is always told before its partitions go. One that stood still for longer "
        "than its session is told afterwards, by on_lost: the exercise rebalancing has that, too."
    ),
    interview=(
        (
            "A consumer's position is what it was handed. What is done is another number, and only "
            "that may be committed: not by commit() without arguments, not by auto-commit.",
            "shown above; librdkafka, CONFIGURATION.md, enable.auto.offset.store",
        ),
        (
            "Before a partition goes, on_revoke has to finish and commit what is in hand of it, "
            "or to forget it uncommitted. The group waits for it, up to max.poll.interval.ms.",
            "the mends above; Kafka, Consumer Configs, max.poll.interval.ms",
        ),
        (
            "A lost record shows in no lag. Compare what was done with what came in, for instance "
            "charges with orders, at the end of the day.",
            "shown above",
        ),
    ),
)
