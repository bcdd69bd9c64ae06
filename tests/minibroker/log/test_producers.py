import pytest

from minibroker.log.errors import Code
from minibroker.log.producers import EXPIRATION_MS, Duplicate, Producers
from tests.minibroker.log.making import (
    NOW,
    a_log,
    fill,
    in_transaction,
    marker,
    of_producer,
    records,
    refused,
)


def test_a_sequence_goes_on_where_the_last_batch_ended():
    log = a_log()
    fill(log, of_producer(1, 0, "a", "b"), of_producer(1, 2, "c"))
    assert log.end == 3


def test_a_batch_that_comes_again_is_not_appended_and_is_answered_with_the_first():
    log = a_log()
    first, _ = fill(log, of_producer(1, 0, "a", "b"), of_producer(1, 2, "c"))
    with pytest.raises(Duplicate) as again:
        log.append(of_producer(1, 0, "a", "b"), 0, NOW)
    assert again.value.batch is first
    assert again.value.code is Code.DUPLICATE_SEQUENCE_NUMBER
    assert log.end == 3


def test_five_batches_are_remembered_and_a_sixth_is_out_of_order():
    log = a_log()
    fill(log, *(of_producer(1, sequence, "a") for sequence in range(6)))
    with pytest.raises(Duplicate):
        log.append(of_producer(1, 1, "a"), 0, NOW)
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(of_producer(1, 0, "a"), 0, NOW)


def test_a_batch_that_begins_like_an_earlier_one_but_is_longer_is_out_of_order():
    log = a_log()
    fill(log, of_producer(1, 0, "a"), of_producer(1, 1, "b"))
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(of_producer(1, 0, "a", "b"), 0, NOW)


def test_a_gap_in_the_sequence_is_out_of_order_and_names_what_comes_next():
    log = a_log()
    fill(log, of_producer(1, 0, "a"))
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER, "sent sequence 2 where 1 comes next"):
        log.append(of_producer(1, 2, "c"), 0, NOW)
    assert log.end == 1


def test_a_producer_that_is_not_known_may_start_anywhere():
    log = a_log()
    fill(log, of_producer(1, 41, "a"), of_producer(1, 42, "b"))
    assert log.end == 2


def test_producers_number_apart_and_those_without_an_id_not_at_all():
    log = a_log()
    fill(log, of_producer(1, 0, "a"), of_producer(2, 0, "b"), records("c"), records("c"))
    assert log.end == 4


def test_sequences_wrap_to_0_after_the_largest():
    log = a_log()
    fill(log, of_producer(1, 2**31 - 2, "a", "b"), of_producer(1, 0, "c"))
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(of_producer(1, 2**31 - 1, "d"), 0, NOW)
    log.append(of_producer(1, 1, "d"), 0, NOW)


def test_a_batch_may_span_the_wrap():
    log = a_log()
    fill(log, of_producer(1, 2**31 - 1, "a", "b"), of_producer(1, 1, "c"))
    with pytest.raises(Duplicate):
        log.append(of_producer(1, 2**31 - 1, "a", "b"), 0, NOW)


def test_a_newer_epoch_starts_at_0_and_fences_the_older():
    log = a_log()
    fill(log, of_producer(1, 0, "a", epoch=3))
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(of_producer(1, 1, "b", epoch=4), 0, NOW)
    fill(log, of_producer(1, 0, "b", epoch=4))
    with refused(Code.INVALID_PRODUCER_EPOCH):
        log.append(of_producer(1, 1, "c", epoch=3), 0, NOW)
    assert log.end == 2


def test_a_batch_of_an_older_epoch_is_no_duplicate():
    log = a_log()
    fill(log, of_producer(1, 0, "a", epoch=0), of_producer(1, 0, "b", epoch=1))
    with refused(Code.INVALID_PRODUCER_EPOCH):
        log.append(of_producer(1, 0, "a", epoch=0), 0, NOW)


def test_the_control_batch_of_a_newer_epoch_fences_what_was_on_its_way():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), marker(1, "abort", epoch=1))
    with refused(Code.INVALID_PRODUCER_EPOCH):
        log.append(in_transaction(1, 1, "b"), 0, NOW)
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(in_transaction(1, 1, "b", epoch=1), 0, NOW)
    log.append(in_transaction(1, 0, "b", epoch=1), 0, NOW)


def test_the_control_batch_of_the_same_epoch_lets_the_sequence_go_on():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), marker(1, "commit"))
    log.append(in_transaction(1, 1, "b"), 0, NOW)
    assert log.open_transactions() == {1: 2}


def test_the_control_batch_of_an_older_epoch_is_fenced():
    log = a_log()
    fill(log, in_transaction(1, 0, "a", epoch=2))
    with refused(Code.INVALID_PRODUCER_EPOCH):
        log.append(marker(1, "commit", epoch=1), 0, NOW)
    assert log.open_transactions() == {1: 0}


def test_a_batch_outside_the_producers_open_transaction_is_refused():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"))
    with refused(Code.INVALID_TXN_STATE):
        log.append(of_producer(1, 1, "b"), 0, NOW)
    fill(log, marker(1, "commit"))
    log.append(of_producer(1, 1, "b"), 0, NOW)


def test_what_is_refused_leaves_no_trace():
    log = a_log()
    fill(log, of_producer(1, 0, "a"))
    with refused(Code.INVALID_PRODUCER_EPOCH):
        log.append(of_producer(1, 0, "z", epoch=-1), 0, NOW)
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(in_transaction(1, 9, "z", epoch=7), 0, NOW)
    assert log.open_transactions() == {}
    log.append(of_producer(1, 1, "b"), 0, NOW)


def test_a_producer_that_writes_no_more_is_forgotten_after_a_day():
    log = a_log()
    fill(log, of_producer(1, 0, "a"), in_transaction(2, 0, "b"))
    log.retain(NOW + EXPIRATION_MS - 1)
    assert set(log.producers.known) == {1, 2}
    log.retain(NOW + EXPIRATION_MS)
    assert set(log.producers.known) == {2}, "its transaction is open"
    log.append(of_producer(1, 9, "c"), 0, NOW)


def test_a_copy_goes_its_own_way():
    original = Producers()
    first, second = in_transaction(1, 0, "a"), in_transaction(2, 0, "b")
    original.record(first)
    twin = original.copy()
    twin.record(second)
    twin.record(in_transaction(1, 1, "c", epoch=4))
    assert original.open == {1: -1}
    assert list(original.known) == [1]
    assert (original.known[1].epoch, list(original.known[1].recent)) == (0, [first])
