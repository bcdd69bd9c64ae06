from dataclasses import replace

from minibroker.sim import trace as t
from tests.graders.events import (
    answered,
    asked,
    delivered,
    drawn,
    owed,
    published,
    requeued,
    settled,
    taken,
    texts,
    told,
)

# --- messages and their names ----------------------------------------------------------------


def test_a_message_is_named_by_what_it_obliges_to() -> None:
    assert told(drawn(published(1, "orders"), owed(1, "order-1"))) == [
        ("producer", "orders", "publish order-1")
    ]


def test_a_second_message_with_the_same_obligation_is_told_from_the_first() -> None:
    timeline = drawn(
        published(1, "orders"), owed(1, "order-1"), published(2, "orders"), owed(2, "order-1"),
        asked(1, "basic_ack"), settled(1), answered(1), asked(2, "basic_ack"), settled(2),
    )  # fmt: skip
    assert texts(timeline) == [
        "publish order-1",
        "publish order-1 again (message 2)",
        "ack order-1",
        "ack order-1 (message 2)",
    ]


def test_a_process_that_publishes_an_owed_message_moves_it_on() -> None:
    timeline = drawn(
        published(1, "orders"), owed(1, "order-1"), published(2, "wait", who="worker#1"),
        owed(2, "order-1"),
    )  # fmt: skip
    assert texts(timeline) == ["publish order-1", "publish order-1 (message 2)"]


def test_a_message_that_obliges_to_nothing_is_named_by_its_number_and_body() -> None:
    assert texts(drawn(published(7, "orders"))) == ['publish message 7: {"id": 1}']


def test_a_message_that_no_queue_takes_is_said_to_be_dropped() -> None:
    assert told(drawn(published(1), owed(1, "order-1"))) == [
        ("producer", "", "publish order-1, dropped: no queue for routing key 'orders'")
    ]


def test_a_message_that_reaches_two_queues_is_an_arrow_to_each() -> None:
    assert told(drawn(published(1, "orders", "audit"), owed(1, "order-1"))) == [
        ("producer", "orders", "publish order-1"),
        ("producer", "audit", "publish order-1"),
    ]


def test_what_a_process_publishes_begins_at_its_lane_with_its_effect_number() -> None:
    timeline = drawn(asked(3, "basic_publish"), published(1, "orders", who="worker#1"))
    assert told(timeline) == [("worker#1", "orders", 'publish message 1: {"id": 1}')]
    assert timeline.rows[0].number == 3


def test_a_queue_may_have_the_name_of_a_ledger() -> None:
    timeline = drawn(
        published(1, "payments"), owed(1, "order-1"), asked(1, "charge", "payments"),
        t.SideEffect(at=0, who="worker#1", kind="charge", subject="order-1"),
    )  # fmt: skip
    assert [(lane.kind, lane.name) for lane in timeline.lanes] == [
        ("producer", "producer"), ("queue", "payments"),
        ("process", "worker#1"), ("ledger", "payments"),
    ]  # fmt: skip
    assert [row.to for row in timeline.rows] == [1, 3]


# --- deliveries ------------------------------------------------------------------------------


def test_a_push_and_its_taking_are_one_row_when_nothing_happened_between() -> None:
    timeline = drawn(owed(1, "order-1"), delivered(1), asked(5, "receive"), taken(5))
    assert told(timeline) == [("orders", "worker#1", "deliver order-1")]
    assert timeline.rows[0].number == 5


def test_a_push_and_its_taking_are_two_rows_when_something_happened_between() -> None:
    timeline = drawn(
        owed(1, "order-1"), delivered(1), asked(4, "charge", "payments"),
        t.SideEffect(at=0, who="worker#1", kind="charge", subject="order-0"), answered(4),
        asked(5, "receive"), taken(5),
    )  # fmt: skip
    assert texts(timeline) == ["deliver order-1", "charge order-0", "take order-1"]
    assert [row.number for row in timeline.rows] == [None, 4, 5]


def test_a_crash_between_push_and_taking_shows_the_push_without_an_effect() -> None:
    timeline = drawn(
        owed(1, "order-1"), asked(4, "basic_consume", queue="orders"), delivered(1),
        t.Crashed(at=0, who="worker#1", number=4), requeued(1, "connection lost"),
    )  # fmt: skip
    assert texts(timeline) == [
        "subscribe",
        "deliver order-1",
        "crash right after subscribe",
        "requeue order-1: connection lost",
    ]
    assert [row.number for row in timeline.rows] == [4, None, 4, None]


def test_a_crash_while_a_message_is_taken_says_that_nobody_saw_it() -> None:
    timeline = drawn(
        owed(1, "order-1"), delivered(1), asked(5, "receive"),
        t.Crashed(at=0, who="worker#1", number=5),
    )  # fmt: skip
    assert texts(timeline) == ["deliver order-1", "crash before it sees order-1"]


def test_copies_that_are_pushed_together_are_one_row_and_taken_one_by_one() -> None:
    timeline = drawn(
        owed(1, "order-1"), owed(2, "order-2"), asked(4, "basic_consume", queue="orders"),
        delivered(1, tag=1), delivered(2, tag=2), answered(4),
        asked(5, "receive"), taken(5, tag=1), asked(6, "receive"), taken(6, tag=2),
    )  # fmt: skip
    assert texts(timeline) == [
        "subscribe", "deliver order-1, order-2", "take order-1", "take order-2",
    ]  # fmt: skip


def test_a_redelivery_says_so_and_from_the_third_on_which_attempt_it_is() -> None:
    timeline = drawn(
        owed(1, "order-1"), delivered(1, attempt=2), requeued(1, "nacked"),
        delivered(1, attempt=3),
    )  # fmt: skip
    assert texts(timeline) == [
        "deliver order-1 (redelivered)",
        "nack order-1: requeued",
        "deliver order-1 (redelivered, attempt 3)",
    ]


def test_an_automatic_ack_is_told_with_its_delivery() -> None:
    timeline = drawn(owed(1, "order-1"), delivered(1), settled(1, "auto-acked"))
    assert texts(timeline) == ["deliver order-1 (auto-acked)"]
    assert timeline.rows[0].events == (1, 2)


def test_a_rejected_message_is_named_with_the_call_that_rejected_it() -> None:
    assert texts(drawn(owed(1, "order-1"), asked(3, "basic_reject"), settled(1, "dropped"))) == [
        "reject order-1: dropped"
    ]
    assert texts(drawn(owed(1, "order-1"), asked(3, "basic_nack"), requeued(1, "nacked"))) == [
        "nack order-1: requeued"
    ]


def test_the_call_that_went_over_the_limit_stands_before_what_came_of_it() -> None:
    gone = replace(settled(1, "undeliverable"), who="broker")
    timeline = drawn(owed(1, "order-1"), asked(3, "basic_reject"), gone)
    assert [
        (row.number, text) for row, text in zip(timeline.rows, texts(timeline), strict=True)
    ] == [
        (3, "reject order-1"),
        (None, "drop order-1: over the delivery limit"),
    ]


def test_acks_of_one_call_are_one_row() -> None:
    timeline = drawn(
        owed(1, "order-1"), owed(2, "order-2"), asked(3, "basic_ack"), settled(1), settled(2)
    )
    assert texts(timeline) == ["ack order-1, order-2"]


# --- ledgers ---------------------------------------------------------------------------------


def test_a_charge_shows_its_amount_and_a_repeated_key_that_nothing_was_charged() -> None:
    timeline = drawn(
        asked(3, "charge", "payments"),
        t.SideEffect(
            at=0, who="worker#1", kind="charge", subject="order-1", detail={"cents": 4200}
        ),
        answered(3),
        asked(4, "charge", "payments"),
        t.Deduplicated(at=0, who="worker#1", kind="charge", subject="order-1", key="order-1"),
    )
    assert told(timeline) == [
        ("worker#1", "payments", "charge order-1, 42.00"),
        ("worker#1", "payments", "charge order-1 again: same key, nothing charged"),
    ]


def test_a_compensation_says_what_it_undoes_and_one_of_nothing_that_the_key_is_void() -> None:
    timeline = drawn(
        asked(3, "refund", "payments"),
        t.Compensated(at=0, who="worker#1", kind="charge", subject="order-1", by="refund"),
        answered(3),
        asked(4, "cancel", "shipping"),
        t.Voided(at=0, who="worker#1", kind="shipment", subject="order-1", key="k"),
        answered(4),
        asked(5, "release", "stock"),
        t.Deduplicated(at=0, who="worker#1", kind="release", subject="order-1", key="k"),
    )
    assert told(timeline) == [
        ("worker#1", "payments", "refund order-1: its charge is undone"),
        ("worker#1", "shipping", "no shipment of order-1 to undo: its key is void now"),
        ("worker#1", "stock", "release order-1 again: same key, nothing released"),
    ]


def test_reads_show_what_they_found() -> None:
    timeline = drawn(
        asked(1, "get", "database", table="done", key="order-1"), answered(1, None, "read"),
        asked(2, "get", "database", table="done", key="order-2"), answered(2, {"x": 1}, "read"),
        asked(3, "keys", "database", table="done"), answered(3, ["a", "b"], "read"),
        asked(4, "charges", "payments", order="order-1"),
        answered(4, [{"cents": 4200}], "read"),
    )  # fmt: skip
    assert texts(timeline) == [
        "get done/order-1: no row",
        "get done/order-2: row {'x': 1}",
        "keys of done: a, b",
        "charges of order-1: 42.00",
    ]


def test_a_transaction_shows_all_its_writes_in_one_row() -> None:
    writes: list[object] = [["insert", "done", "order-1", {}], ["put", "log", "last", {}]]
    committed = t.Committed(at=0, who="worker#1", writes=writes)  # type: ignore[arg-type]
    assert told(drawn(asked(1, "commit", "database"), committed)) == [
        ("worker#1", "database", "insert done/order-1, put log/last")
    ]


def test_a_refused_call_shows_what_was_asked_and_the_error() -> None:
    refusal = t.Answered(at=0, who="worker#1", number=1, error="UniqueViolation", message="taken")
    writes = [["insert", "done", "order-1", {}]]
    timeline = drawn(asked(1, "commit", "database", writes=writes), refusal)
    assert told(timeline) == [
        ("worker#1", "database", "insert done/order-1 refused: UniqueViolation")
    ]
    assert timeline.rows[0].kind == "error"
