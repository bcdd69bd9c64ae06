"""What is owed and what became of each copy, as the judges read it."""

import pytest

from graders.judges import ANOMALIES, judge
from graders.judges.copies import is_gone, last_of_each_copy
from graders.judges.debts import debts, subjects
from minibroker.sim.trace import Event
from tests.graders.judges.history import (
    DEAD,
    body_of,
    charged,
    dead_lettered,
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
)

WORKERS = ("worker#1", "worker-1#2", "topology#1", "shop")


def test_messages_that_carry_the_same_debt_owe_it_once() -> None:
    found = debts(history(published(1), owed(1), published(2), owed(2), published(3), owed(3, "b")))
    assert {subject: debt.messages for subject, debt in found.items()} == {
        ("charge", "order-1"): [1, 2],
        ("charge", "b"): [3],
    }


def test_side_effects_are_told_apart_by_their_detail() -> None:
    trace = history(published(), owed(), charged(cents=41), charged(), charged("order-9"))
    [debt] = debts(trace).values()
    assert [position for position, _ in debt.other] == [2]
    assert [position for position, _ in debt.done] == [3]


def test_the_last_that_happened_to_each_copy_says_where_it_is() -> None:
    trace = history(
        *(published(1, "a", "b"), published(2), published(3), published(4), delivered(2)),
        *(delivered(3), requeued(3), delivered(1, queue="a"), settled(1, queue="a"), ended()),
    )
    assert {
        copy: (position, type(event).__name__)
        for copy, (position, event) in last_of_each_copy(trace).items()
    } == {
        ("a", 1): (8, "Settled"),
        ("b", 1): (0, "Published"),
        ("orders", 2): (4, "Delivered"),
        ("orders", 3): (6, "Requeued"),
        ("orders", 4): (3, "Published"),
    }


def test_a_trace_that_has_grown_is_read_again() -> None:
    trace = history(published(), owed())
    assert debts(trace)["charge", "order-1"].done == []
    assert [event.message for _, event in last_of_each_copy(trace).values()] == [1]  # type: ignore[attr-defined]
    trace.append(charged())
    trace.append(settled())
    assert len(debts(trace)["charge", "order-1"].done) == 1
    assert last_of_each_copy(trace)["orders", 1][0] == 3


@pytest.mark.parametrize("anomaly", ANOMALIES)
def test_a_judge_is_found_by_the_name_of_its_anomaly(anomaly: str) -> None:
    found = judge(anomaly)
    assert found.anomaly == anomaly
    assert found.find(history()) == []
    assert found.unshown(history()) != ""


def test_an_anomaly_that_nobody_judges_is_an_error() -> None:
    with pytest.raises(LookupError, match="lost_mesage"):
        judge("lost_mesage")


# --- on their way round --------------------------------------------------------------------------


@pytest.mark.parametrize("who", WORKERS)
@pytest.mark.parametrize("body", [b'{"id": "order-1", "cents": 12', b"\xff\xfe", b"[[["])
def test_a_message_that_a_process_publishes_with_an_owed_body_carries_its_debt(
    body: bytes, who: str
) -> None:
    trace = history(published(body=body), owed(), published(2, "later", who=who, body=body))
    assert debts(trace)["charge", "order-1"].messages == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "order-1"}',
        b'{"id":"order-1","attempts":2}',
        b' {"cents": 42, "id" : "order-1"} ',
        b'{"id": "\\u006frder-1"}',
    ],
)
def test_a_message_with_the_id_of_an_order_carries_its_debt(body: bytes) -> None:
    first = published(body=b'{"id": "order-1", "cents": 42}')
    trace = history(first, owed(), published(2, who="worker#1", body=body))
    assert debts(trace)["charge", "order-1"].messages == [1, 2]


def test_a_message_that_was_sent_on_is_sent_on_again() -> None:
    trace = history(
        *(published(body=body_of()), owed(), published(2, "later", who="worker#1", body=body_of())),
        put_away(3),
    )
    assert debts(trace)["charge", "order-1"].messages == [1, 2, 3]


DEEP = b'{"id": ' + b"[" * 100_000

CARRY_NOTHING = {
    "nothing": b"",
    "an object without an id": b'{"order": "order-1"}',
    "an order that nobody knows": body_of("order-9"),
    "an order whose name begins like it": body_of("order-10"),
    "an order in other letters": body_of("Order-1"),
    "an id that is a number": b'{"id": 1}',
    "an id that is nothing": b'{"id": null}',
    "an id that is a list": b'{"id": ["order-1"]}',
    "an id that is an object": b'{"id": {"id": "order-1"}}',
    "a list": b'["id", "order-1"]',
    "a text": b'"\\"id\\": \\"order-1\\""',
    "a text that holds the key": b'"id"',
    "an object that breaks off": b'{"id": "order-1", "cents": 4',
    "no UTF-8": b'{"id": "order-1\xff"}',
    "nested too deeply": DEEP,
    "a number with too many digits": b'{"id": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("body", CARRY_NOTHING.values(), ids=CARRY_NOTHING)
def test_a_message_about_no_order_carries_no_debt(body: bytes) -> None:
    trace = history(published(body=body_of()), owed(), published(2, who="worker#1", body=body))
    assert debts(trace)["charge", "order-1"].messages == [1]
    assert subjects(trace) == {1: "order-1"}


def test_an_empty_body_is_nobodys_body() -> None:
    trace = history(published(), owed(), published(2, who="worker#1"))
    assert debts(trace)["charge", "order-1"].messages == [1]


def test_an_order_that_owes_two_things_owes_them_in_each_of_its_messages() -> None:
    trace = history(
        *(published(body=body_of()), owed(), owed_dead()),
        published(2, who="worker#1", body=b'{"id": "order-1", "attempts": 1}'),
    )
    assert [debt.messages for debt in debts(trace).values()] == [[1, 2], [1, 2]]


def test_two_orders_of_one_message_are_both_owed_by_whoever_sends_it_on() -> None:
    """As in a batch: one body that obliges to two things."""
    trace = history(
        *(published(1, body=b"?"), owed(1), owed(1, "order-2")),
        *(published(2, body=b"!"), owed(2, "order-3"), published(3, who="worker#1", body=b"?")),
    )
    assert [debt.messages for debt in debts(trace).values()] == [[1, 3], [1, 3], [2]]


def test_two_debts_of_one_body_are_both_carried_on() -> None:
    trace = history(
        *(published(body=b"?"), owed_dead(subject="order-1"), owed_dead(subject="order-2")),
        published(2, who="worker#1", body=b"?"),
    )
    assert [debt.messages for debt in debts(trace).values()] == [[1, 2], [1, 2]]


def test_a_message_that_its_producer_sent_twice_carries_the_debt_of_the_first() -> None:
    """So the fault ``duplicate`` repeats it: as the scenario's, with nothing new owed."""
    trace = history(published(body=body_of()), owed(), published(2, body=body_of()))
    assert subjects(trace) == {1: "order-1", 2: "order-1"}


def test_a_message_that_its_producer_sent_twice_owes_once_though_it_is_said_twice() -> None:
    said_again = [published(2, body=body_of()), owed(2)]
    trace = history(published(body=body_of()), owed(), *said_again)
    assert [debt.messages for debt in debts(trace).values()] == [[1, 2]]


# --- dead letters --------------------------------------------------------------------------------


def paid(*events: Event) -> list[int]:
    """Where in this history the debt of order-1 was paid."""
    (debt,) = debts(history(*events)).values()
    return [position for position, _ in debt.done]


@pytest.mark.parametrize(
    "arrives",
    [
        *(put_away(2), put_away(2, who="shop"), put_away(2, who="worker-1#2")),
        *(dead_lettered(1, DEAD), dead_lettered(1, "x", DEAD)),
    ],
)
def test_a_dead_letter_is_paid_by_arriving(arrives: Event) -> None:
    assert paid(promised(), published(body=body_of()), owed_dead(), arrives) == [3]


@pytest.mark.parametrize(
    "elsewhere",
    [
        dead_lettered(1),
        dead_lettered(1, "orders.later"),
        dead_lettered(7, DEAD),
        put_away(2, order="order-2"),
        published(2, "orders.dead.old", who="worker#1", body=body_of()),
        charged(kind="charge"),
    ],
)
def test_a_dead_letter_is_paid_by_nothing_else(elsewhere: Event) -> None:
    assert paid(promised(), published(body=body_of()), owed_dead(), elsewhere) == []


def test_every_arrival_counts() -> None:
    first = [promised(), published(body=body_of()), owed_dead()]
    assert paid(*first, put_away(2), put_away(3), dead_lettered(1, DEAD)) == [3, 4, 5]


def test_a_charge_is_not_paid_by_a_dead_letter() -> None:
    assert paid(promised(), published(body=body_of()), owed(), put_away(2)) == []


def test_where_nothing_is_promised_there_is_no_place_for_dead_letters() -> None:
    assert paid(published(body=body_of()), owed_dead(), put_away(2)) == []
    assert paid(published(body=body_of()), owed_dead(), dead_lettered(1, DEAD)) == []


def test_what_a_message_is_about_is_told_by_its_number() -> None:
    trace = history(
        *(published(1, body=body_of()), owed(1), published(2, body=b"?"), owed_dead(2, "order-2")),
        *(published(3, who="worker#1", body=b"?"), published(4), published(5, who="worker#1")),
    )
    assert subjects(trace) == {1: "order-1", 2: "order-2", 3: "order-2"}
    assert subjects(history()) == {}


def test_a_copy_that_was_dead_lettered_is_in_the_queues_that_it_came_to() -> None:
    trace = history(
        *(published(1), published(2), published(3), dead_lettered(1, "later", DEAD)),
        *(dead_lettered(2), dead_lettered(3, "orders"), dead_lettered(1, "orders", queue="later")),
    )
    last = last_of_each_copy(trace)
    assert {copy: (position, is_gone(copy, event)) for copy, (position, event) in last.items()} == {
        ("orders", 1): (6, False),
        ("later", 1): (6, True),
        (DEAD, 1): (3, False),
        ("orders", 2): (4, True),
        ("orders", 3): (5, False),
    }


@pytest.mark.parametrize(
    ("event", "gone"),
    [
        (published(), False),
        (delivered(), False),
        (requeued(), False),
        (settled(), True),
        (dead_lettered(1), True),
        (dead_lettered(1, "later"), True),
        (dead_lettered(1, "later", "orders"), False),
    ],
)
def test_a_copy_is_gone_once_it_has_left_its_queue(event: Event, gone: bool) -> None:
    assert is_gone(("orders", 1), event) is gone
