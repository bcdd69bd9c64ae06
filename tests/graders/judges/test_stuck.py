"""Stuck: the run is over, or will never be, and work is left."""

import pytest

from graders.judges.stuck import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    charged,
    crashed,
    delivered,
    ended,
    exited,
    gave_up,
    history,
    interrupted,
    owed,
    published,
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
