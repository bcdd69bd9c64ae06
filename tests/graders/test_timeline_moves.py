"""Rows for what a broker does with a copy by itself: dead letters, limits, refusals, returns."""

import pytest

from graders.judges import Finding
from graders.timeline import build
from graders.timeline_svg import svg
from graders.timeline_text import text
from minibroker.sim import trace as t
from tests.graders.events import (
    answered,
    asked,
    dead_lettered,
    delivered,
    drawn,
    owed,
    published,
    requeued,
    settled,
    texts,
    told,
)
from tests.graders.stories import run_of

ORDER = (published(1, "orders"), owed(1, "order-1"))


def by_broker(how: str) -> t.Settled:
    return t.Settled(at=0, who="broker", queue="orders", message=1, how=how)


# --- dead letters ----------------------------------------------------------------------------


def test_a_rejected_copy_goes_on_from_its_queue_after_the_call_that_rejected_it() -> None:
    timeline = drawn(
        *ORDER, delivered(1), asked(4, "basic_reject"),
        dead_lettered(1, "rejected", "orders.dead", who="worker#1"), answered(4),
    )  # fmt: skip
    assert told(timeline)[2:] == [
        ("worker#1", "orders", "reject order-1"),
        ("orders", "orders.dead", "dead-letter order-1: rejected"),
    ]
    assert [row.number for row in timeline.rows] == [None, None, 4, None]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("expired", "its time to live is over"),
        ("maxlen", "the queue is full"),
        ("delivery_limit", "over the delivery limit"),
    ],
)
def test_what_the_broker_dead_letters_by_itself_is_one_arrow_between_queues(
    reason: str, words: str
) -> None:
    timeline = drawn(*ORDER, dead_lettered(1, reason, "orders.dead"))
    assert told(timeline)[1:] == [("orders", "orders.dead", f"dead-letter order-1: {words}")]
    assert [lane.kind for lane in timeline.lanes] == ["producer", "queue", "queue"]


def test_a_dead_letter_for_two_queues_is_an_arrow_to_each() -> None:
    rows = told(drawn(*ORDER, dead_lettered(1, "expired", "a", "b")))[1:]
    assert [(start, to) for start, to, _ in rows] == [("orders", "a"), ("orders", "b")]


def test_a_dead_letter_that_no_queue_takes_is_said_to_be_dropped() -> None:
    assert told(drawn(*ORDER, dead_lettered(1, "expired")))[1:] == [
        (
            "orders",
            "",
            "dead-letter order-1: its time to live is over; dropped, no queue for routing key "
            "'orders' on exchange orders.dlx",
        )
    ]


def test_a_dead_letter_back_into_its_own_queue_is_a_dot_that_says_so() -> None:
    assert told(drawn(*ORDER, dead_lettered(1, "expired", "orders")))[1:] == [
        ("orders", "", "dead-letter order-1: its time to live is over, back into the same queue")
    ]


def test_a_dead_letter_of_a_dead_process_has_no_call() -> None:
    timeline = drawn(
        *ORDER, delivered(1), asked(3, "charge", "payments"),
        t.Crashed(at=0, who="worker#1", number=3),
        dead_lettered(1, "delivery_limit", "orders.dead", who="worker#1"),
    )  # fmt: skip
    assert told(timeline)[-1][:2] == ("orders", "orders.dead")
    assert "reject order-1" not in texts(timeline)


def test_a_copy_that_is_handed_out_from_the_dead_letter_queue_keeps_its_name() -> None:
    again = t.Delivered(
        at=0, who="auditor#1", queue="orders.dead", message=1, tag=1, attempt=1, redelivered=False
    )
    assert told(drawn(*ORDER, dead_lettered(1, "expired", "orders.dead"), again))[-1] == (
        "orders.dead", "auditor#1", "deliver order-1",
    )  # fmt: skip


# --- gone ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("expired", "its time to live is over"),
        ("overflowed", "the queue is full"),
        ("undeliverable", "over the delivery limit"),
        ("deleted", "its queue is deleted"),
    ],
)
def test_what_the_broker_drops_by_itself_is_a_dot_at_the_queue(how: str, words: str) -> None:
    timeline = drawn(*ORDER, by_broker(how))
    assert told(timeline)[1:] == [("orders", "", f"drop order-1: {words}")]
    assert "broker" not in {lane.name for lane in timeline.lanes}


def test_what_a_process_deletes_with_a_queue_begins_at_the_process() -> None:
    timeline = drawn(*ORDER, asked(5, "queue_delete"), settled(1, "deleted"), answered(5))
    assert told(timeline)[1:] == [("worker#1", "orders", "drop order-1: its queue is deleted")]
    assert timeline.rows[-1].number == 5


# --- back to ready ---------------------------------------------------------------------------


def test_a_reject_with_requeue_is_named_as_the_call() -> None:
    timeline = drawn(*ORDER, asked(3, "basic_reject"), requeued(1, "rejected"), answered(3))
    assert texts(timeline)[1:] == ["reject order-1: requeued"]
    assert timeline.rows[-1].number == 3


def test_a_consumer_timeout_is_nobodys_call() -> None:
    timeline = drawn(*ORDER, delivered(1), requeued(1, "consumer timeout"))
    assert told(timeline)[-1] == ("worker#1", "orders", "requeue order-1: consumer timeout")
    assert timeline.rows[-1].number is None


# --- publishers ------------------------------------------------------------------------------


def test_a_mandatory_message_without_a_queue_is_dropped_and_returned() -> None:
    timeline = drawn(
        asked(2, "basic_publish"), published(1, who="worker#1"), owed(1, "order-1"),
        t.Returned(at=0, who="worker#1", message=1, text="NO_ROUTE"), answered(2),
    )  # fmt: skip
    assert told(timeline) == [
        ("worker#1", "", "publish order-1, dropped: no queue for routing key 'orders'"),
        ("worker#1", "", "return order-1 to its publisher: NO_ROUTE"),
    ]
    assert [row.number for row in timeline.rows] == [2, 2]


def test_a_message_that_a_full_queue_refuses_is_not_said_to_have_no_queue() -> None:
    timeline = drawn(
        asked(2, "basic_publish"), published(1, who="worker#1"), owed(1, "order-1"),
        t.NotAccepted(at=0, who="worker#1", queue="orders", message=1), answered(2, False),
    )  # fmt: skip
    assert told(timeline) == [
        ("worker#1", "", "publish order-1"),
        ("orders", "worker#1", "order-1 not accepted: orders is full"),
    ]


def test_the_scenarios_own_message_may_be_refused_too() -> None:
    refused = t.NotAccepted(at=0, who="scenario", queue="orders", message=1)
    assert told(drawn(owed(1, "order-1"), refused)) == [
        ("orders", "producer", "order-1 not accepted: orders is full")
    ]


# --- long times ------------------------------------------------------------------------------


def test_hours_of_virtual_time_stretch_neither_picture_nor_text() -> None:
    def ladder(apart: int) -> tuple[t.Event, ...]:
        return tuple(
            dead_lettered(1, "expired", to, queue=queue, at=apart * step)
            for step in range(1, 9)
            for queue, to in [("orders", "retry") if step % 2 else ("retry", "orders")]
        )

    short, long = drawn(*ORDER, *ladder(1_000)), drawn(*ORDER, *ladder(3_600_000_000))
    assert size(svg(short)) == size(svg(long))
    lines = text(long).splitlines()
    assert lines[2].startswith("time/s     effect  from")
    assert lines[-1].startswith("28800.000          retry ")
    assert {line.index("→") for line in lines if "→" in line} == {lines[-1].index("→")}


def size(picture: str) -> str:
    return picture.partition("viewBox")[2].partition(" aria")[0]


def test_a_restart_of_the_broker_is_told_with_what_it_takes_along() -> None:
    timeline = drawn(
        published(1, "orders"), owed(1, "order-1"), t.BrokerRestarted(at=0),
        t.Settled(at=0, who="broker", queue="orders", message=1, how="transient"),
    )  # fmt: skip
    assert told(timeline)[1:] == [
        ("", "", "the broker restarts: connections and what is not durable are gone"),
        ("orders", "", "drop order-1: not persistent"),
    ]


def test_of_two_things_that_a_message_owes_the_one_is_noted_that_was_not_done() -> None:
    both = [t.Owed(at=0, message=1, kind=kind, subject="order-1") for kind in ("charge", "email")]
    run = run_of(published(1, "orders"), *both, settled(1))
    sentence = "order-1 was lost: worker#1 acked its message, and no email for it was made"
    timeline = build(run, [Finding("lost_message", sentence, (3,))])
    assert [row.note for row in timeline.rows if row.anomaly] == ["gone for good, never sent"]
