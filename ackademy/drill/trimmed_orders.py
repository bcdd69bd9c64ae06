"""Bug hunt: a worker that keeps its stream short."""

from ackademy.drill.hunt import Hunt, Prediction
from graders.check import one_run
from graders.judges.copies import last_of_each_copy
from graders.spec import load
from graders.stage import Run
from minibroker.sim.trace import Delivered, Owed, SideEffect

NAME = "trimmed_orders"


def charged(run: Run) -> tuple[int, int]:
    """Of the orders that came at once: how many there were, and how many were charged."""
    owed = run.trace.of(Owed)
    burst = {event.subject for event in owed if event.at == owed[0].at}
    paid = {event.subject for event in run.trace.of(SideEffect)}
    return len(burst), len(burst & paid)


def pending(run: Run) -> int:
    """Entries that had been handed out in the end and were never acked."""
    ends = last_of_each_copy(run.trace).values()
    return sum(isinstance(event, Delivered) for _, event in ends)


def _charged(run: Run) -> int:
    there, paid = charged(run)
    return 0 if paid == there else 1 if paid > 1 else 2


def _pending(run: Run) -> int:
    return 0 if pending(run) == 0 else 1


def _with_more_room(code: str, seed: int) -> str:
    """The same worker with room for the burst."""
    more = code.replace("maxlen=3", "maxlen=6")
    assert more != code
    run, _ = one_run(load(NAME), more, (), seed)
    there, paid = charged(run)
    return (
        f"The same worker with maxlen=6: {paid} of the {there} orders of the burst are charged. A "
        "larger number fits a larger burst, and hides the flaw until a worker dies with an old "
        "entry in hand while new ones come."
    )


def _roughly(code: str, seed: int) -> str:
    """The same worker with the approximate trim that is redis-py's default."""
    roughly = code.replace("approximate=False", "approximate=True")
    assert roughly != code
    run, _ = one_run(load(NAME), roughly, (), seed)
    there, paid = charged(run)
    return (
        f"The same worker with an approximate trim (~), redis-py's default: {paid} of the {there} "
        "are charged. It drops whole nodes of 100 entries only, so that in a small test nothing is "
        "ever trimmed, and in production all is as before. [redis.io, XTRIM, Almost exact trimming]"
    )


HUNT = Hunt(
    exercise=NAME,
    broken="trims_after_each_ack",
    story=(
        "A shop adds its orders to the Redis stream `orders`. Two workers of the group `billing` "
        "charge them. One day Redis ran out of memory, since what is acked stays in a stream. "
        "Since then each worker trims the stream after each ack. Six orders come at once, and a "
        "seventh much later. Nothing crashes. Here is the worker:"
    ),
    predictions=(
        Prediction(
            "the six orders that come at once",
            "How many of the six orders that come at once are charged?",
            ("all six", "some of them", "one or none"),
            _charged,
            "XTRIM with MAXLEN keeps the newest entries and drops the others, whether or not "
            "a group has read them. [redis.io, XTRIM]",
        ),
        Prediction(
            "what XPENDING says in the end",
            "What does XPENDING say about the group in the end?",
            ("nothing is pending", "what was not charged is pending"),
            _pending,
            "What was trimmed before anybody read it was never handed to anybody. No list has it, "
            "and no number shows that it was there.",
        ),
    ),
    names={
        "lost_message": (
            "the broker has forgotten an entry, and what it asked for was not done. Here the trim "
            "forgot it."
        ),
        "stuck": (
            "work is left and nobody gets to it. Here nothing is left: all that is in the stream "
            "is acked."
        ),
        "duplicate_effect": (
            "a card is charged more often than was asked for. Here the key, the order's id, "
            "prevents that."
        ),
        "starvation": (
            "some work waits while other work goes on. Here what was not charged does not wait: it "
            "is gone."
        ),
    },
    asides=(_with_more_room, _roughly),
    task=(
        "Mend the worker. Every order is charged once, and the stream may not grow for ever. The\n"
        "worker may crash after any step, or stand still for minutes and go on."
    ),
    caveat=(
        "Here is one group. With several, an entry may go when all of them have acked it: XDEL by "
        "one of them would take it from the others; ACKED and XACKDEL (Redis 8.2) ask all groups."
    ),
    interview=(
        (
            "MAXLEN and XTRIM count entries and ask no group: what is unread or pending goes as "
            "well as what is done.",
            "shown above; redis.io, XTRIM",
        ),
        (
            "Acked entries stay in the stream. Delete them by id, trim up to the oldest one that "
            "is pending, or trim with ACKED since Redis 8.2.",
            "the mended workers; redis.io, XTRIM, XACKDEL",
        ),
        (
            "After a trim nothing shows the loss: no entry is pending, and a group that reads on "
            "does not see the gap.",
            "the second prediction above",
        ),
    ),
)
