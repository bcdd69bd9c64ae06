"""Stuck: the run is over, or will never be, and work is left."""

import pytest

from graders.judges.stuck import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    DEAD,
    body_of,
    charged,
    crashed,
    dead_lettered,
    delivered,
    ended,
    exited,
    gave_up,
    history,
    interrupted,
    owed,
    owed_dead,
    promised,
    published,
    put_away,
    requeued,
    settled,
    unroutable,
)

HELD = "which held it until the end and never settled it: neither acked nor rejected"

FIRES: dict[str, tuple[list[Event], str, tuple[int, ...]]] = {
    "held for ever": (
        [published(), owed(), delivered(), charged(), ended()],
        "order-1 was handed to worker#1 and never settled: neither acked nor rejected",
        (2,),
    ),
    "held until its worker was stopped": (
        [
            *(published(), owed(), delivered(), interrupted(), exited("interrupted")),
            *(requeued(), ended()),
        ],
        f"order-1 was handed to worker#1, {HELD}",
        (5,),
    ),
    "given back by a worker that cleaned up when it was stopped": (
        [
            *(published(), owed(), delivered(), interrupted(), requeued(why="channel closed")),
            *(exited("interrupted"), ended()),
        ],
        f"order-1 was handed to worker#1, {HELD}",
        (4,),
    ),
    "held by one that would not stop": (
        [published(), owed(), delivered(), exited("would not stop"), requeued(), ended()],
        f"order-1 was handed to worker#1, {HELD}",
        (4,),
    ),
    "nobody takes it": (
        [published(), owed(), ended()],
        "order-1 waits in orders and nobody takes it",
        (0,),
    ),
    "its worker had returned": (
        [exited("returned"), published(), owed(), ended()],
        "order-1 waits in orders and nobody takes it, since worker#1 had returned",
        (1,),
    ),
    "its worker returned without settling it": (
        [published(), owed(), delivered(), exited("returned"), requeued(), ended()],
        "order-1 waits in orders and nobody takes it, since worker#1 had returned",
        (4,),
    ),
    "its worker failed for good": (
        [published(), owed(), delivered(), exited("raised"), requeued(), gave_up(), ended()],
        "order-1 waits in orders and nobody takes it, since worker#1 failed and was not started "
        "again",
        (4,),
    ),
    "its worker was stopped and another one had it before": (
        [
            *(published(), owed(), delivered(), crashed(), requeued(), interrupted("worker#2")),
            *(exited("interrupted", "worker#2"), ended()),
        ],
        "order-1 waits in orders and nobody takes it",
        (4,),
    ),
    "given back by one worker after another one was stopped": (
        [
            *(published(), owed(), delivered(), interrupted("worker#2")),
            *(exited("interrupted", "worker#2"), requeued(why="nacked"), ended()),
        ],
        "order-1 waits in orders and nobody takes it",
        (5,),
    ),
    "a message that owes nothing": (
        [published(7), delivered(7), ended()],
        "message 7 was handed to worker#1 and never settled: neither acked nor rejected",
        (1,),
    ),
    "a copy in another queue": (
        [published(1, "a", "b"), owed(), settled(queue="a"), ended()],
        "order-1 waits in b and nobody takes it",
        (0,),
    ),
    "a poison loop": (
        [
            *(published(), owed(), delivered(), requeued(why="nacked"), delivered(attempt=2)),
            *(requeued(why="nacked"), delivered(attempt=3), requeued(why="nacked")),
            *(delivered(attempt=4), ended("effects", 300)),
        ],
        "the run did not come to rest within 300 effects; order-1 was handed out 4 times",
        (2, 4, 6),
    ),
    "a loop of something else": (
        [published(), owed(), delivered(), settled(), charged(), ended("effects", 300)],
        "the run did not come to rest within 300 effects",
        (),
    ),
    "a loop without a message": ([ended("effects", 300)], "the run did not come to rest within "
        "300 effects", ()),
}  # fmt: skip


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_something_is_stuck(events: list[Event], sentence: str, positions: tuple[int, ...]) -> None:
    [found] = find(history(*events))
    assert found.anomaly == "stuck"
    assert found.sentence == sentence
    assert found.events == positions


def test_each_copy_that_is_left_is_found() -> None:
    found = find(
        history(
            *(published(1), owed(1), published(2), owed(2, "order-2"), published(3, "a", "b")),
            *(delivered(1), settled(1), delivered(2), ended()),
        )
    )
    assert [each.sentence.split(" was ")[0] for each in found] == [
        "order-2",
        "message 3 waits in a and nobody takes it",
        "message 3 waits in b and nobody takes it",
    ]


def test_a_run_that_does_not_end_is_one_finding_whatever_is_left() -> None:
    assert len(find(history(published(1), published(2), ended("effects")))) == 1


QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "all settled": [published(), owed(), delivered(), charged(), settled(), ended()],
    "settled without work": [published(), owed(), delivered(), settled(), ended()],
    "settled after a redelivery": [
        *(published(), owed(), delivered(), crashed(), requeued(), delivered(attempt=2)),
        *(settled(who="worker#2"), ended()),
    ],
    "dropped": [published(), owed(), delivered(), settled(how="dropped"), ended()],
    "never in a queue": [unroutable(), owed(), ended()],
    "a worker that failed and left nothing": [
        *(published(), owed(), delivered(), settled(), exited("raised"), gave_up(), ended())
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_nothing_is_stuck(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_before_a_message_was_handed_out() -> None:
    sentence = "no message was ever taken, so none could get stuck"
    assert unshown(history()) == sentence
    assert unshown(history(published(), owed(), settled(how="purged"), ended())) == sentence
    assert unshown(history(published(), delivered())) == ""


# --- dead letters --------------------------------------------------------------------------------

OWED_DEAD = [promised(), published(body=body_of()), owed_dead()]

LEFT: dict[str, tuple[list[Event], str, tuple[int, ...]]] = {
    "put away where nothing is promised": (
        [published(body=body_of()), owed_dead(), put_away(2), settled(), ended()],
        "order-1 waits in orders.dead and nobody takes it",
        (2,),
    ),
    "put away where no dead letters go": (
        [*OWED_DEAD, dead_lettered(1, "orders.dead.old"), ended()],
        "order-1 waits in orders.dead.old and nobody takes it",
        (3,),
    ),
    "rejected back into its queue": (
        [*OWED_DEAD, dead_lettered(1, "orders"), ended()],
        "order-1 waits in orders and nobody takes it",
        (3,),
    ),
    "sent on and forgotten, by the name of its order": (
        [*OWED_DEAD, published(2, "later", who="worker-2#1", body=body_of()), settled(), ended()],
        "order-1 waits in later and nobody takes it",
        (3,),
    ),
    "held by the second incarnation of one of two": (
        [*OWED_DEAD, delivered(who="worker-2#2"), interrupted("worker-2#2"),
         exited("interrupted", "worker-2#2"), requeued(who="worker-2#2"), ended()],
        f"order-1 was handed to worker-2#2, {HELD}",
        (6,),
    ),
    "given back by one that crashed after its namesake was stopped": (
        [*OWED_DEAD, delivered(who="worker-1#1"), interrupted("worker-1#11"),
         exited("interrupted", "worker-1#11"), crashed("worker-1#1"), requeued(who="worker-1#1"),
         ended()],
        "order-1 waits in orders and nobody takes it",
        (7,),
    ),
    "in the dead letters and still in the queue": (
        [*OWED_DEAD, delivered(), put_away(2), crashed(), requeued(), ended()],
        "order-1 waits in orders and nobody takes it",
        (6,),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("events", "sentence", "positions"), LEFT.values(), ids=LEFT)
def test_a_message_is_left_where_it_may_not_stay(
    events: list[Event], sentence: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert found.sentence == sentence
    assert found.events == positions


ENDED_SOMEWHERE: dict[str, list[Event]] = {
    "put away": [*OWED_DEAD, delivered(), put_away(2), settled(), ended()],
    "rejected to the dead letters": [*OWED_DEAD, delivered(), dead_lettered(1, DEAD), ended()],
    "rejected to nowhere": [*OWED_DEAD, delivered(), dead_lettered(1), ended()],
    "looked at among the dead letters": [
        *(*OWED_DEAD, dead_lettered(1, DEAD), delivered(queue=DEAD), ended())
    ],
    "a letter of nobody's among the dead": [promised(), published(5, DEAD), ended()],
    "by way of another queue": [
        *(*OWED_DEAD, dead_lettered(1, "later"), dead_lettered(1, "orders", queue="later")),
        *(delivered(attempt=2), settled(), ended()),
    ],
    "two queues, each with its own dead letters": [
        *(promised(), promised(queue="returns", dead_letters="returns.dead")),
        *(published(1), published(2, "returns"), dead_lettered(1, DEAD)),
        *(dead_lettered(2, "returns.dead", queue="returns"), ended()),
    ],
    "a promise that is made late": [*OWED_DEAD[1:], put_away(2), settled(), promised(), ended()],
}


@pytest.mark.parametrize("events", ENDED_SOMEWHERE.values(), ids=ENDED_SOMEWHERE)
def test_a_message_that_ended_where_it_may_stay_is_not_stuck(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_a_run_without_end_is_stuck_though_all_is_put_away() -> None:
    [found] = find(history(*OWED_DEAD, put_away(2), settled(), ended("effects", 300)))
    assert found.sentence == "the run did not come to rest within 300 effects"
