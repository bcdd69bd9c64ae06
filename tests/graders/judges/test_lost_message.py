"""Lost message: gone from the broker, and what it owes was not done."""

from dataclasses import replace

import pytest

from graders.judges.lost_message import find, unshown
from minibroker.sim import trace as t
from minibroker.sim.trace import Event
from minibroker.sim.values import Value
from tests.graders.judges.history import (
    DEAD,
    body_of,
    charged,
    crashed,
    dead_lettered,
    declined,
    delivered,
    ended,
    history,
    owed,
    owed_dead,
    promised,
    published,
    put_away,
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
        (0,),
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


def test_an_order_is_lost_whose_last_row_says_something_else_than_is_owed() -> None:
    owes = t.Owed(at=0, message=1, kind="row in answers", subject="order-1", detail={"is": "paid"})
    row: dict[str, Value] = {"is": "pending"}
    wrote = t.Committed(at=0, who="worker#1", writes=[["put", "answers", "order-1", row]])
    [found] = find(history(published(), owes, delivered(), wrote, settled()))
    assert found.sentence == (
        "order-1 was lost: worker#1 acked its message, and no row in answers for it was made with "
        "is paid; what was made had is pending"
    )


def test_nothing_is_shown_before_something_owed_was_handed_out() -> None:
    sentence = "no message was ever taken, so none could be lost"
    assert unshown(history()) == sentence
    assert unshown(history(published(), owed())) == sentence
    assert unshown(history(published(2), delivered(2), published(), owed())) == sentence
    assert unshown(history(published(), owed(), delivered())) == ""


# --- how it went ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "gone"),
    [
        (settled(how="expired"), "its time in orders was over"),
        (settled(how="overflowed"), "orders was full"),
        (settled(how="undeliverable"), "it was handed out from orders too often"),
        (settled(how="transient"), "it was not persistent, and the broker of orders restarted"),
        (settled(how="deleted"), "orders was deleted"),
        (
            dead_lettered(1, reason="expired"),
            "it left orders (expired) for a dead-letter exchange that led nowhere",
        ),
        (
            dead_lettered(1, reason="delivery_limit"),
            "it left orders (delivery_limit) for a dead-letter exchange that led nowhere",
        ),
    ],
)
def test_a_message_is_lost_by_the_broker(end: Event, gone: str) -> None:
    [found] = find(history(published(), owed(), delivered(), end))
    assert found.sentence == f"order-1 was lost: {gone}, and no charge for it was made"
    assert found.events == (3,)


# --- retries and dead letters --------------------------------------------------------------------

OWED = [promised(), published(body=body_of()), owed()]
OWED_DEAD = [promised(), published(body=body_of()), owed_dead()]
SENT_ON = published(2, "later", who="worker#1", body=body_of())

LOST: dict[str, tuple[list[Event], str, tuple[int, ...]]] = {
    "acked before it moved": (
        [*OWED_DEAD, delivered(), declined(), settled(), crashed()],
        "worker#1 acked its message, and it never became a dead letter",
        (5,),
    ),
    "a description of it is no dead letter": (
        [
            *(*OWED_DEAD, delivered(), declined()),
            *(published(2, DEAD, who="worker#1", body=b"order-1 failed"), settled()),
        ],
        "worker#1 acked its message, and it never became a dead letter",
        (6,),
    ),
    "put away to a queue that is not there": (
        [
            *(*OWED_DEAD, delivered(), declined()),
            *(replace(put_away(2), queues=[]), settled()),
        ],
        "worker#1 acked its message, and it never became a dead letter",
        (6,),
    ),
    "sent on to a queue in which its time ran out": (
        [*OWED, delivered(), SENT_ON, settled(), settled(2, "expired", "broker", "later")],
        "its time in later was over, and no charge for it was made",
        (6,),
    ),
    "dead-lettered to a queue in which its time ran out": (
        [
            *(*OWED, delivered(), dead_lettered(1, "later")),
            dead_lettered(1, queue="later", reason="expired"),
        ],
        "it left later (expired) for a dead-letter exchange that led nowhere, and no charge for "
        "it was made",
        (5,),
    ),
    "taken out of the dead letters before it could be charged": (
        [*OWED, delivered(), declined(), put_away(2), settled(), settled(2, queue=DEAD)],
        "worker#1 acked its message, and no charge for it was made",
        (7,),
    ),
    "charged in the place of becoming a dead letter": (
        [*OWED_DEAD, delivered(), charged(), settled()],
        "worker#1 acked its message, and it never became a dead letter",
        (5,),
    ),
}


@pytest.mark.parametrize(("events", "rest", "positions"), LOST.values(), ids=LOST)
def test_an_order_on_its_way_round_is_lost(
    events: list[Event], rest: str, positions: tuple[int, ...]
) -> None:
    [found] = find(history(*events))
    assert found.sentence == f"order-1 was lost: {rest}"
    assert found.events == positions


KEPT: dict[str, list[Event]] = {
    "put away, then acked": [*OWED_DEAD, delivered(), declined(), put_away(2), settled()],
    "acked first, put away all the same": [*OWED_DEAD, delivered(), settled(), put_away(2)],
    "rejected to the dead letters": [*OWED_DEAD, delivered(), dead_lettered(1, DEAD)],
    "put away, and taken out of the dead letters by somebody": [
        *(*OWED_DEAD, delivered(), put_away(2), settled(), delivered(2, queue=DEAD)),
        settled(2, queue=DEAD, who="shop"),
    ],
    "put away twice by a crash between the two": [
        *(*OWED_DEAD, delivered(), put_away(2), crashed(), requeued(), delivered(attempt=2)),
        *(put_away(3, who="worker#2"), settled(who="worker#2")),
    ],
    "put away by the second of two that take turns": [
        *(*OWED_DEAD, delivered(who="worker-1#1"), crashed("worker-1#1")),
        *(requeued(who="worker-1#1"), delivered(attempt=2, who="worker-2#1")),
        *(put_away(2, who="worker-2#1"), settled(who="worker-2#1")),
    ],
    "sent on and waiting there": [*OWED, delivered(), SENT_ON, settled(), ended()],
    "rejected and waiting elsewhere": [*OWED, delivered(), dead_lettered(1, "later"), ended()],
    "rejected and back where it was": [*OWED, delivered(), dead_lettered(1, "orders"), ended()],
    "among the dead letters, where it could still be charged": [
        *(*OWED, delivered(), declined(), put_away(2), settled(), ended())
    ],
    "sent on, and charged from there": [
        *(*OWED, delivered(), SENT_ON, settled(), delivered(2, queue="later"), charged()),
        settled(2, queue="later"),
    ],
    "no JSON, put away as it came": [
        *(promised(), published(body=b'{"id": "order-1'), owed_dead(), delivered()),
        *(published(2, DEAD, who="worker#1", body=b'{"id": "order-1'), settled()),
    ],
}


@pytest.mark.parametrize("events", KEPT.values(), ids=KEPT)
def test_an_order_on_its_way_round_is_not_lost(events: list[Event]) -> None:
    assert find(history(*events)) == []
