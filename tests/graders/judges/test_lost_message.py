"""Lost message: gone from the broker, and what it owes was not done."""

import pytest

from graders.judges.lost_message import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    charged,
    crashed,
    delivered,
    ended,
    history,
    owed,
    published,
    requeued,
    settled,
    unroutable,
)

FIRES: dict[str, tuple[list[Event], str, tuple[int, ...]]] = {
    "acked and never charged": (
        [published(), owed(), delivered(), settled(), crashed()],
        "order-1 was lost: worker#1 acked its message, and no charge for it was made",
        (3,),
    ),
    "acked at delivery": (
        [published(), owed(), delivered(), settled(how="auto-acked"), crashed()],
        "order-1 was lost: its message counted as settled when it was delivered to worker#1, and "
        "no charge for it was made",
        (3,),
    ),
    "dropped": (
        [published(), owed(), delivered(), settled(how="dropped")],
        "order-1 was lost: worker#1 rejected its message without requeue, and no charge for it "
        "was made",
        (3,),
    ),
    "purged": (
        [published(), owed(), settled(how="purged")],
        "order-1 was lost: worker#1 purged its queue, and no charge for it was made",
        (2,),
    ),
    "never in a queue": (
        [unroutable(), owed()],
        "order-1 was lost: its message reached no queue, and no charge for it was made",
        (),
    ),
    "charged with a wrong amount": (
        [published(), owed(), delivered(), charged(cents=41), settled()],
        "order-1 was lost: worker#1 acked its message, and no charge for it was made with cents "
        "42; what was made had cents 41",
        (3, 4),
    ),
    "another order was charged": (
        [published(), owed(), delivered(), charged("order-2"), settled()],
        "order-1 was lost: worker#1 acked its message, and no charge for it was made",
        (4,),
    ),
    "something else was done for it": (
        [published(), owed(), delivered(), charged(kind="e-mail"), settled()],
        "order-1 was lost: worker#1 acked its message, and no charge for it was made",
        (4,),
    ),
    "both of its messages are gone, the last ack decides": (
        [published(1), owed(1), published(2), owed(2), settled(2), settled(1, who="worker#2")],
        "order-1 was lost: worker#2 acked its message, and no charge for it was made",
        (5,),
    ),
    "both of its copies are gone": (
        [published(1, "a", "b"), owed(), settled(queue="a"), settled(queue="b")],
        "order-1 was lost: worker#1 acked its message, and no charge for it was made",
        (3,),
    ),
    "acked after a redelivery": (
        [published(), owed(), delivered(), crashed(), requeued(), delivered(attempt=2), settled()],
        "order-1 was lost: worker#1 acked its message, and no charge for it was made",
        (6,),
    ),
}


@pytest.mark.parametrize(("events", "sentence", "positions"), FIRES.values(), ids=FIRES)
def test_a_message_is_lost(events: list[Event], sentence: str, positions: tuple[int, ...]) -> None:
    [found] = find(history(*events))
    assert found.anomaly == "lost_message"
    assert found.sentence == sentence
    assert found.events == positions


def test_each_lost_order_is_found_in_the_order_of_publication() -> None:
    found = find(
        history(
            *(published(1), owed(1, "order-1"), published(2), owed(2, "order-2")),
            *(published(3), owed(3, "order-3"), settled(3), settled(1), settled(2)),
            charged("order-2"),
        )
    )
    assert [each.sentence.split()[0] for each in found] == ["order-1", "order-3"]


QUIET: dict[str, list[Event]] = {
    "nothing happened": [],
    "charged, then acked": [published(), owed(), delivered(), charged(), settled()],
    "acked, then charged all the same": [published(), owed(), delivered(), settled(), charged()],
    "charged twice": [published(), owed(), delivered(), charged(), charged(), settled()],
    "still waiting": [published(), owed(), ended()],
    "handed out and not settled": [published(), owed(), delivered(), ended()],
    "given back": [published(), owed(), delivered(), crashed(), requeued(), ended()],
    "nothing was owed": [published(), delivered(), settled()],
    "a second message of the same debt still waits": [
        *(published(1), owed(1), published(2), owed(2), delivered(1), settled(1), ended())
    ],
    "paid by the second message of the same debt": [
        *(published(1), owed(1), published(2), owed(2), settled(1), charged(), settled(2))
    ],
    "the copy in another queue still waits": [
        *(published(1, "a", "b"), owed(), settled(queue="a"), ended())
    ],
    "a wrong amount, and then the right one": [
        *(published(), owed(), delivered(), charged(cents=41), charged(), settled())
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_a_message_is_not_lost(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_before_something_owed_was_handed_out() -> None:
    sentence = "no message was ever taken, so none could be lost"
    assert unshown(history()) == sentence
    assert unshown(history(published(), owed())) == sentence
    assert unshown(history(published(2), delivered(2), published(), owed())) == sentence
    assert unshown(history(published(), owed(), delivered())) == ""
