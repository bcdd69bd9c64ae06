"""What went over the wire, as events of a trace."""

from typing import Any

import pytest

from ackademy.reality.amqp_book import AmqpBook
from ackademy.reality.clock import RealClock
from minibroker.sim.trace import DeadLettered, Event, Published, Requeued, Settled, Trace

HELD = ("worker#1", 1, 1, 1)


@pytest.fixture
def book() -> AmqpBook:
    """A queue with an order in it, a waiting queue and one for dead letters."""
    made = AmqpBook(Trace(), RealClock())
    made.declared("orders", {"x-dead-letter-exchange": "failed"})
    made.declared("plain", None)
    made.declared("waiting", {"x-message-ttl": 5_000, "x-dead-letter-exchange": ""})
    made.published("scenario", "", "orders", b"one", {})
    return made


def hand_out(book: AmqpBook, queue: str = "orders", tag: int = 1, **headers: Any) -> None:
    book.delivered((*HELD[:3], tag), queue, b"one", headers, False, False)


def after(book: AmqpBook, kind: type[Event]) -> list[Any]:
    return book.trace.of(kind)


def test_what_is_acked_is_gone(book: AmqpBook) -> None:
    hand_out(book)
    book.settled(HELD, False, "acked")
    assert [event.how for event in after(book, Settled)] == ["acked"]
    assert not book.waiting()


def test_an_ack_of_several_settles_all_up_to_it(book: AmqpBook) -> None:
    book.published("scenario", "", "orders", b"one", {})
    hand_out(book)
    hand_out(book, tag=2)
    book.settled((*HELD[:3], 2), True, "acked")
    assert not book.waiting()


def test_what_a_lost_process_held_waits_again(book: AmqpBook) -> None:
    hand_out(book)
    book.lost("worker#1")
    assert [(event.who, event.why) for event in after(book, Requeued)] == [
        ("worker#1", "connection lost")
    ]


def test_what_another_process_holds_stays_with_it(book: AmqpBook) -> None:
    hand_out(book)
    book.lost("worker#2")
    assert not after(book, Requeued)


def test_what_is_rejected_from_a_queue_without_a_dead_letter_exchange_is_dropped(
    book: AmqpBook,
) -> None:
    book.published("scenario", "", "plain", b"two", {})
    book.delivered((*HELD[:3], 2), "plain", b"two", {}, False, False)
    book.settled((*HELD[:3], 2), False, "rejected")
    assert [event.how for event in after(book, Settled)] == ["dropped"]


def test_where_an_expired_message_went_shows_when_it_comes_out_there(book: AmqpBook) -> None:
    hand_out(book)
    book.published("worker#1", "", "waiting", b"one", {"attempts": 1})
    book.settled(HELD, False, "acked")
    died = {"x-death": [{"queue": "waiting", "reason": "expired", "count": 1}], "attempts": 1}
    hand_out(book, tag=2, **died)
    [moved] = after(book, DeadLettered)
    assert (moved.queue, moved.reason, moved.queues) == ("waiting", "expired", ["orders"])
    assert [copy.queue for copy in book.waiting()] == ["orders"]


def test_a_queue_that_nobody_reads_is_seen_in_what_comes_back_from_it(book: AmqpBook) -> None:
    hand_out(book)
    book.settled(HELD, False, "rejected")
    hand_out(book, tag=2, **{"x-death": [{"queue": "waiting", "reason": "expired", "count": 1}]})
    hops = [(event.queue, event.reason, event.queues) for event in after(book, DeadLettered)]
    assert hops == [
        ("orders", "rejected", ["waiting"]),
        ("waiting", "expired", ["orders"]),
    ]


def test_what_the_reader_finds_is_left_and_what_it_does_not_find_is_gone(book: AmqpBook) -> None:
    book.published("scenario", "", "orders", b"two", {})
    book.close({"orders": [(b"two", {})]})
    assert [copy.body for copy in book.waiting()] == [b"two"]
    assert [event.message for event in after(book, Settled)] == [1]


def test_the_reader_tells_of_a_move_that_nobody_saw(book: AmqpBook) -> None:
    hand_out(book)
    book.settled(HELD, False, "rejected")
    headers = {"x-death": [{"queue": "orders", "reason": "rejected", "count": 1}]}
    book.close({"orders": [], "waiting": [(b"one", headers)]})
    [moved] = after(book, DeadLettered)
    assert (moved.who, moved.reason, moved.queues) == ("worker#1", "rejected", ["waiting"])


def test_what_nobody_was_seen_to_send_is_there_all_the_same(book: AmqpBook) -> None:
    book.close({"orders": [(b"one", {}), (b"one", {})]})
    assert [event.who for event in after(book, Published)] == ["scenario", "broker"]
