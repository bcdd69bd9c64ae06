import pytest

from minibroker.log.errors import Code
from tests.minibroker.log.making import (
    NOW,
    a_log,
    fill,
    in_transaction,
    marker,
    records,
    refused,
    shown,
)


def test_a_leader_gives_each_record_the_next_offset():
    log = a_log()
    first, second = fill(log, records("a", "b"), records("c"), epoch=4)
    assert (first.base_offset, first.last_offset, first.next_offset) == (0, 1, 2)
    assert (second.base_offset, second.leader_epoch, log.end) == (2, 4, 3)


def test_what_is_not_on_all_replicas_is_appended_but_below_no_watermark():
    log = a_log()
    log.append(records("a"), 0, NOW)
    assert (log.end, log.high_watermark, log.last_stable_offset) == (1, 0, 0)
    assert shown(log) == []


def test_the_high_watermark_moves_forward_only_and_not_beyond_the_end():
    log = a_log()
    log.append(records("a", "b"), 0, NOW)
    assert log.advance_high_watermark(9)
    assert log.high_watermark == 2
    assert not log.advance_high_watermark(2)
    assert not log.advance_high_watermark(1)
    assert log.high_watermark == 2


def test_a_read_begins_with_the_batch_that_holds_the_offset():
    log = a_log()
    fill(log, records("a", "b"), records("c", "d"), records("e"))
    assert [batch.base_offset for batch in log.read(3, 10_000, log.end)] == [2, 4]


def test_a_read_stops_below_the_offset_it_may_not_reach():
    log = a_log()
    fill(log, records("a"), records("b"), records("c"))
    assert [batch.base_offset for batch in log.read(0, 10_000, 2)] == [0, 1]
    assert log.read(2, 10_000, 2) == []


def test_a_read_gives_one_batch_however_few_bytes_it_may_have():
    log = a_log()
    one, two, _ = fill(log, records("a"), records("b"), records("c"))
    assert log.read(0, 0, log.end) == [one]
    assert log.read(0, one.size + two.size - 1, log.end) == [one]
    assert log.read(0, one.size + two.size, log.end) == [one, two]


def test_the_end_can_be_read_from_and_holds_nothing():
    log = a_log()
    fill(log, records("a"))
    assert log.read(1, 10_000, log.end) == []


@pytest.mark.parametrize("offset", [-1, 1, 5])
def test_an_offset_outside_the_log_is_out_of_range(offset):
    log = a_log()
    fill(log, records("a", "b"), records("c", "d"))
    log.delete_before(2)
    with refused(Code.OFFSET_OUT_OF_RANGE):
        log.read(offset, 10_000, log.end)


def test_an_open_transaction_holds_the_last_stable_offset_back():
    log = a_log()
    fill(log, records("a"), in_transaction(1, 0, "b"), records("c"))
    assert log.last_stable_offset == 1
    assert shown(log, read_committed=True) == [(0, "k=a")]
    assert len(shown(log)) == 3


def test_of_two_open_transactions_the_earlier_holds_back():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), in_transaction(2, 0, "b"), in_transaction(1, 1, "c"))
    fill(log, marker(1, "commit"))
    assert log.last_stable_offset == 1
    fill(log, in_transaction(1, 2, "d"), marker(2, "commit"))
    assert log.last_stable_offset == 4
    assert log.open_transactions() == {1: 4}


def test_a_transaction_is_undecided_until_its_control_batch_is_below_the_high_watermark():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), records("b"))
    log.append(marker(1, "commit"), 0, NOW)
    assert log.open_transactions() == {}
    assert log.last_stable_offset == 0
    log.advance_high_watermark(log.end)
    assert log.last_stable_offset == 3


def test_a_committed_transaction_is_shown_and_an_aborted_one_is_not():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), in_transaction(2, 0, "b"))
    fill(log, marker(2, "abort"), marker(1, "commit"))
    assert shown(log, read_committed=True) == [(0, "k=a")]
    assert shown(log) == [(0, "k=a"), (1, "k=b")]


def test_a_control_batch_takes_an_offset_that_no_consumer_sees():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), marker(1, "commit"), records("b"))
    assert shown(log, read_committed=True) == [(0, "k=a"), (2, "k=b")]


def test_a_control_batch_without_a_transaction_changes_no_view():
    log = a_log()
    fill(log, records("a"), marker(1, "abort"))
    assert log.aborted(0, log.end) == []
    assert log.last_stable_offset == 2


def test_a_follower_keeps_the_leaders_offsets_epochs_and_gaps():
    leader, follower = a_log(), a_log()
    first, second, third = fill(leader, records("a"), records("b"), records("c"), epoch=3)
    follower.append_as_follower(first)
    follower.append_as_follower(third)
    assert (follower.end, follower.epochs.latest) == (3, 3)
    assert follower.read(1, 10_000, 3) == [third]
    with pytest.raises(ValueError, match="truncate first"):
        follower.append_as_follower(second)


def test_a_follower_knows_what_the_leader_knows_of_transactions():
    leader, follower = a_log(), a_log()
    for batch in fill(
        leader, in_transaction(1, 0, "a"), marker(1, "abort"), in_transaction(2, 0, "b")
    ):
        follower.append_as_follower(batch)
    follower.advance_high_watermark(3)
    assert follower.aborted(0, 3) == leader.aborted(0, 3) != []
    assert follower.open_transactions() == {2: 2}
    assert follower.last_stable_offset == 2


def test_truncation_gives_what_was_cut_and_forgets_what_it_did():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), epoch=0)
    log.append(marker(1, "abort"), 1, NOW)
    log.append(in_transaction(1, 1, "b"), 1, NOW)
    cut = log.truncate(1)
    assert [batch.base_offset for batch in cut] == [1, 2]
    assert log.open_transactions() == {1: 0}
    assert log.aborted(0, 9) == []
    assert (log.end, log.last_stable_offset, log.epochs.latest) == (1, 0, 0)
    log.append(in_transaction(1, 1, "c"), 2, NOW)


def test_truncation_to_the_end_or_beyond_cuts_nothing():
    log = a_log()
    fill(log, records("a"))
    assert log.truncate(1) == log.truncate(7) == []
    assert log.end == 1


def test_a_truncation_below_the_high_watermark_takes_it_down():
    log = a_log()
    fill(log, records("a"), records("b"))
    log.truncate(1)
    assert (log.end, log.high_watermark) == (1, 1)


def test_a_transaction_that_was_cut_off_holds_nothing_back():
    log = a_log()
    fill(log, records("a"))
    log.append(in_transaction(1, 0, "b"), 0, NOW)
    log.truncate(1)
    fill(log, records("b"), records("c"))
    assert log.last_stable_offset == 3


def test_a_producer_is_known_after_its_records_are_deleted_and_the_log_is_truncated():
    log = a_log({"internal.segment.bytes": "1"})
    fill(log, in_transaction(1, 0, "a"), in_transaction(1, 1, "b"), marker(1, "commit"))
    fill(log, records("c"))
    log.delete_before(3)
    log.append(records("d"), 0, NOW)
    log.truncate(4)
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(in_transaction(1, 5, "e"), 0, NOW)
    log.append(in_transaction(1, 2, "e"), 0, NOW)


def test_a_follower_that_is_too_far_behind_starts_anew():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"))
    log.start_anew(70)
    assert (log.start, log.end, log.high_watermark, log.last_stable_offset) == (70, 70, 70, 70)
    assert log.epochs.latest == -1
    assert fill(log, in_transaction(1, 7, "b"))[0].base_offset == 70


def test_deleting_records_moves_the_start_even_into_the_middle_of_a_batch():
    log = a_log()
    fill(log, records("a", "b", "c"))
    log.delete_before(2)
    assert log.start == 2
    assert shown(log) == [(2, "k=c")]
    assert [batch.base_offset for batch in log.read(2, 10_000, 3)] == [0]


def test_records_can_be_deleted_up_to_the_high_watermark_and_no_further():
    log = a_log()
    fill(log, records("a", "b"))
    log.append(records("c"), 0, NOW)
    with refused(Code.OFFSET_OUT_OF_RANGE):
        log.delete_before(3)
    log.delete_before(-1)
    assert log.start == 2
    log.delete_before(1)
    assert log.start == 2


def test_an_open_transaction_whose_records_are_deleted_holds_back_from_the_start():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), records("b"), records("c"))
    log.delete_before(2)
    assert log.last_stable_offset == 2


def test_a_batch_over_the_topics_limit_is_too_large():
    batch = records("x" * 100)
    log = a_log({"max.message.bytes": str(batch.size - 1)})
    with refused(Code.MESSAGE_TOO_LARGE):
        log.append(batch, 0, NOW)
    assert log.end == 0


def test_a_record_stamped_over_an_hour_ahead_is_refused():
    log = a_log()
    log.append(records("a", at=NOW + 3_600_000), 0, NOW)
    with refused(Code.INVALID_TIMESTAMP):
        log.append(records("a", at=NOW + 3_600_001), 0, NOW)
    assert log.end == 1


def test_a_record_stamped_too_far_behind_is_refused_where_the_topic_says_so():
    log = a_log({"message.timestamp.before.max.ms": "1000"})
    log.append(records("a", at=NOW - 1000), 0, NOW)
    with refused(Code.INVALID_TIMESTAMP):
        log.append(records("a", at=NOW - 1001), 0, NOW)


def test_with_append_time_the_broker_stamps_and_asks_for_no_time():
    log = a_log({"message.timestamp.type": "LogAppendTime"})
    stamped = log.append(records("a", at=NOW + 10**9), 0, NOW)
    assert (stamped.first_timestamp, stamped.max_timestamp) == (NOW, NOW)


def test_a_compacted_topic_takes_no_record_without_a_key():
    with refused(Code.INVALID_RECORD):
        a_log({"cleanup.policy": "compact"}).append(records("a", key=None), 0, NOW)
    a_log().append(records("a", key=None), 0, NOW)


def test_the_offset_for_a_time_is_that_of_the_first_record_so_late_in_the_logs_order():
    log = a_log()
    fill(log, records("a", at=NOW), records("b", "c", at=NOW + 9), records("d", at=NOW + 5))
    assert log.offset_for_time(NOW - 1) == (0, NOW)
    assert log.offset_for_time(NOW + 3) == (1, NOW + 9)
    assert log.offset_for_time(NOW + 10) is None
    log.delete_before(2)
    assert log.offset_for_time(NOW) == (2, NOW + 9)
    log.delete_before(3)
    assert log.offset_for_time(NOW) == (3, NOW + 5)


def test_the_offset_for_a_time_may_be_that_of_a_control_batch():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), marker(1, "commit", at=NOW + 7))
    assert log.offset_for_time(NOW + 7) == (1, NOW + 7)


def test_with_append_time_a_time_is_looked_up_by_the_brokers_stamps():
    log = a_log({"message.timestamp.type": "LogAppendTime"})
    fill(log, records("a", at=0), now=NOW)
    fill(log, records("b", at=0), now=NOW + 5)
    assert log.offset_for_time(NOW + 1) == (1, NOW + 5)


def test_a_leader_says_where_an_epoch_ended():
    log = a_log()
    fill(log, records("a"), records("b"), epoch=1)
    log.begin_epoch(4)
    fill(log, records("c"), epoch=4)
    assert log.end_offset_for(1) == (1, 2)
    assert log.end_offset_for(3) == (1, 2)
    assert log.end_offset_for(4) == (4, 3)
    assert log.end_offset_for(5) == (-1, -1)


def test_a_control_batch_at_the_high_watermark_decides_nothing_yet():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"))
    log.append(marker(1, "commit"), 0, NOW)
    log.append(records("b"), 0, NOW)
    log.advance_high_watermark(1)
    assert log.last_stable_offset == 0


def test_a_long_transaction_holds_back_beyond_the_short_one_inside_it():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), in_transaction(2, 0, "b"))
    log.append(marker(3, "commit"), 0, NOW)
    log.append(marker(2, "commit"), 0, NOW)
    log.append(marker(1, "commit"), 0, NOW)
    log.advance_high_watermark(3)
    assert log.last_stable_offset == 0
    log.advance_high_watermark(4)
    assert log.last_stable_offset == 0
    log.advance_high_watermark(5)
    assert log.last_stable_offset == 5


def test_an_aborted_transaction_of_which_part_was_deleted_is_still_told_of():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), in_transaction(1, 1, "b"), marker(1, "abort"))
    fill(log, records("c"))
    log.delete_before(1)
    assert shown(log, read_committed=True) == [(3, "k=c")]


def test_a_time_is_not_looked_up_among_deleted_records_and_control_batches():
    log = a_log()
    fill(log, in_transaction(1, 0, "a"), marker(1, "commit"), records("b", at=NOW + 5))
    log.delete_before(2)
    assert log.offset_for_time(NOW) == (2, NOW + 5)


def test_with_append_time_no_time_is_too_far_behind():
    settings = {"message.timestamp.type": "LogAppendTime", "message.timestamp.before.max.ms": "1"}
    assert fill(a_log(settings), records("a", at=0))[0].max_timestamp == NOW
