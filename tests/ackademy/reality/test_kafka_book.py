"""What Kafka's brokers answered, as events of a trace."""

import pytest

from ackademy.reality.clock import RealClock
from ackademy.reality.kafka_book import READ_COMMITTED, KafkaBook
from ackademy.reality.kafka_shop import Left, Stored
from ackademy.reality.kafka_side import close
from minibroker.sim.trace import Appended, OffsetsCommitted, Polled, Trace, TransactionEnded
from tests.ackademy.reality.batches import batch_of

PLACE = ("invoices", 0)


@pytest.fixture
def book() -> KafkaBook:
    """A transaction of one biller with one invoice, and an order's offset, undecided."""
    made = KafkaBook(Trace(), RealClock())
    made.produced("biller#1", *PLACE, 7, batch_of(b"one"), "biller")
    made.offsets("biller#1", "billers", [("orders", 0, 1)], "biller")
    return made


def stored(offset: int, committed: bool) -> Stored:
    return Stored(*PLACE, offset, None, b"one", [], committed)


def test_a_batch_stands_where_the_broker_said(book: KafkaBook) -> None:
    [event] = book.trace.of(Appended)
    assert (event.offset, event.value, event.transaction) == (7, b"one", "biller")


def test_a_batch_that_was_sent_twice_stands_once(book: KafkaBook) -> None:
    book.produced("biller#1", *PLACE, 7, batch_of(b"one"), "biller")
    assert len(book.trace.of(Appended)) == 1


def test_offsets_count_when_their_transaction_is_committed(book: KafkaBook) -> None:
    assert not book.committed
    book.ended("biller#1", "biller", "committed")
    assert book.committed == {("billers", "orders", 0): 1}


def test_offsets_of_an_aborted_transaction_never_count(book: KafkaBook) -> None:
    book.ended("biller#1", "biller", "aborted")
    assert not book.committed


def test_a_reader_of_committed_records_is_handed_none_that_is_aborted(book: KafkaBook) -> None:
    book.ended("biller#1", "biller", "aborted")
    came = batch_of(b"one", base=7)
    assert book.fetched("mailer#1", *PLACE, 0, came, READ_COMMITTED) == []
    assert book.fetched("mailer#1", *PLACE, 0, came, 0) == [b"one"]


def test_what_a_reader_of_committed_records_is_shown_was_committed_before(book: KafkaBook) -> None:
    came = batch_of(b"one", base=7)
    assert book.fetched("mailer#1", *PLACE, 0, came, READ_COMMITTED, none_aborted=True) == [b"one"]
    decided, polled = (book.trace.of(kind)[0] for kind in (TransactionEnded, Polled))
    assert decided.how == "committed"
    assert list(book.trace).index(decided) < list(book.trace).index(polled)
    book.ended("biller#1", "biller", "committed")  # the answer to its EndTxn comes later
    assert len(book.trace.of(TransactionEnded)) == 1


def test_a_reader_of_all_records_shows_nothing_of_their_transaction(book: KafkaBook) -> None:
    book.fetched("mailer#1", *PLACE, 0, batch_of(b"one", base=7), 0, none_aborted=True)
    assert not book.trace.of(TransactionEnded)


def test_records_before_the_place_that_was_asked_for_are_not_handed_on(book: KafkaBook) -> None:
    assert book.fetched("mailer#1", *PLACE, 8, batch_of(b"one", b"two", base=7), 0) == [b"two"]
    assert [event.offset for event in book.trace.of(Polled)] == [8]


def test_records_of_a_partition_that_was_given_up_are_not_handed_on(book: KafkaBook) -> None:
    book.shares["mailer#1"] = {("invoices", 1)}
    assert book.fetched("mailer#1", *PLACE, 0, batch_of(b"one", base=7), 0) == []


def test_the_end_of_a_transaction_that_nobody_asked_for_shows_in_what_can_be_read(
    book: KafkaBook,
) -> None:
    close(book, Left([stored(7, committed=False)], set(), {}))
    [ended] = book.trace.of(TransactionEnded)
    assert (ended.who, ended.how, ended.why) == ("broker", "aborted", "timeout")


def test_a_commit_whose_answer_nobody_saw_shows_in_what_can_be_read(book: KafkaBook) -> None:
    close(book, Left([stored(7, committed=True)], set(), {("billers", "orders", 0): 1}))
    assert [event.how for event in book.trace.of(TransactionEnded)] == ["committed"]
    assert len(book.trace.of(OffsetsCommitted)) == 1


def test_a_transaction_that_hides_its_partition_is_still_open(book: KafkaBook) -> None:
    close(book, Left([stored(7, committed=False)], {PLACE}, {}))
    assert list(book.open) == ["biller"]


def test_a_position_that_nobody_was_seen_to_commit_is_told_by_the_reader(book: KafkaBook) -> None:
    close(book, Left([], {PLACE}, {("billers", "orders", 1): 4}))
    assert [event.offsets for event in book.trace.of(OffsetsCommitted)][1:] == [[["orders", 1, 4]]]


def test_offsets_in_a_transaction_that_is_open_are_pending(book: KafkaBook) -> None:
    close(book, Left([stored(7, committed=False)], set(), {}, pending={"billers"}))
    assert list(book.open) == ["biller"]
