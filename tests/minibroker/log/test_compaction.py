import pytest

from minibroker.log import compaction
from minibroker.log.errors import Code
from minibroker.log.producers import Duplicate
from minibroker.log.records import Record, batch
from minibroker.log.segments import Segment
from tests.minibroker.log.making import (
    NOW,
    a_log,
    fill,
    in_transaction,
    marker,
    of_producer,
    records,
    refused,
    shown,
)

DAY = 86_400_000
ONE_BATCH_A_SEGMENT = {"internal.segment.bytes": "1"}
ALWAYS = {"min.cleanable.dirty.ratio": "0"}


def a_compacted_log(**settings):
    named = {name.replace("_", "."): value for name, value in settings.items()}
    return a_log({"cleanup.policy": "compact"} | ONE_BATCH_A_SEGMENT | ALWAYS | named)


def texts(log, **how):
    return [text for _, text in shown(log, **how)]


def bases(log):
    return [batch.base_offset for batch in log.read(log.start, 2**31, log.end)]


def test_the_last_value_of_each_key_stays_at_its_offset():
    log = a_compacted_log()
    fill(log, records("a=1", "b=1"), records("a=2"), records("c=1"), records("z=1"))
    assert log.compact(NOW)
    assert shown(log) == [(1, "b=1"), (2, "a=2"), (3, "c=1"), (4, "z=1")]


def test_the_active_segment_is_left_alone_so_old_values_remain():
    log = a_compacted_log(internal_segment_bytes="1000")
    fill(log, records("a=1"), records("a=2"))
    assert not log.compact(NOW)
    assert texts(log) == ["a=1", "a=2"]


def test_a_value_in_the_active_segment_supersedes_nothing_yet():
    log = a_compacted_log()
    fill(log, records("a=1"), records("b=1"), records("a=2"))
    assert log.compact(NOW)
    assert texts(log) == ["a=1", "b=1", "a=2"]
    fill(log, records("c=1"))
    log.compact(NOW)
    assert texts(log) == ["b=1", "a=2", "c=1"]


def test_a_read_at_an_offset_that_is_gone_goes_on_with_the_next():
    log = a_compacted_log()
    fill(log, records("a=1"), records("a=2"), records("a=3"), records("z=1"))
    log.compact(NOW)
    assert [batch.base_offset for batch in log.read(0, 2**31, log.end)] == [2, 3]
    assert [batch.base_offset for batch in log.read(1, 2**31, log.end)] == [2, 3]
    assert log.start == 0


def test_only_a_topic_with_the_policy_is_compacted():
    log = a_log(ONE_BATCH_A_SEGMENT)
    fill(log, records("a=1"), records("a=2"), records("z=1"))
    assert not log.compact(NOW)
    assert texts(log) == ["a=1", "a=2", "z=1"]


def test_nothing_is_compacted_before_enough_is_dirty():
    log = a_compacted_log(min_cleanable_dirty_ratio="0.5")
    fill(log, *(records(f"{key}=1") for key in "abcdz"))
    assert log.compact(NOW)
    fill(log, records("a=2"), records("z=2"))
    assert not log.compact(NOW), "two dirty segments of six"
    fill(log, *(records(f"{key}=2") for key in "bcdz"))
    assert log.compact(NOW)
    assert texts(log) == ["a=2", "z=2", "b=2", "c=2", "d=2", "z=2"]


def test_a_record_is_not_compacted_before_its_shortest_lag():
    log = a_compacted_log(min_compaction_lag_ms="1000")
    fill(log, records("a=1"), records("a=2", at=NOW + 500), records("z=1", at=NOW + 500))
    assert log.compact(NOW + 1000)
    assert texts(log) == ["a=1", "a=2", "z=1"]
    log.compact(NOW + 1500)
    assert texts(log) == ["a=2", "z=1"]


def test_the_longest_lag_has_a_log_compacted_that_is_hardly_dirty():
    log = a_compacted_log(min_cleanable_dirty_ratio="1", max_compaction_lag_ms="1000")
    fill(log, records("a=1"), records("a=2"), records("z=1"))
    assert not log.compact(NOW + 1000)
    assert log.compact(NOW + 1001)
    assert texts(log) == ["a=2", "z=1"]


def test_a_tombstone_is_shown_for_its_time_and_then_gone_too():
    log = a_compacted_log()
    fill(log, records("a=1"), records("a="), records("b=1"), records("z=1"))
    log.compact(NOW)
    assert texts(log) == ["a=", "b=1", "z=1"]
    fill(log, records("z=2"))
    log.compact(NOW + DAY - 1)
    assert texts(log) == ["a=", "b=1", "z=1", "z=2"]
    fill(log, records("z=3"))
    log.compact(NOW + DAY)
    assert texts(log) == ["b=1", "z=2", "z=3"]


def test_a_key_that_comes_back_after_its_tombstone_stays():
    log = a_compacted_log(delete_retention_ms="0")
    fill(log, records("a="), records("a=1"), records("b=1"), records("z=1"))
    log.compact(NOW)
    fill(log, records("z=2"))
    log.compact(NOW)
    assert texts(log) == ["a=1", "b=1", "z=1", "z=2"]


def test_nothing_above_the_last_stable_offset_is_compacted():
    log = a_compacted_log()
    fill(log, records("a=1"), in_transaction(1, 0, "a=2"), records("b=1"), records("z=1"))
    log.compact(NOW)
    assert texts(log) == ["a=1", "a=2", "b=1", "z=1"]
    fill(log, marker(1, "commit"), records("z=2"))
    log.compact(NOW)
    assert texts(log, read_committed=True) == ["a=2", "b=1", "z=1", "z=2"]


def test_an_aborted_value_supersedes_nothing_and_goes():
    log = a_compacted_log()
    fill(log, records("a=1"), in_transaction(1, 0, "a=2"), in_transaction(1, 1, "a=3"))
    fill(log, marker(1, "abort"), records("z=1"))
    log.compact(NOW)
    assert texts(log, read_committed=True) == ["a=1", "z=1"]
    assert texts(log) == ["a=1", "z=1"]


def test_a_committed_transaction_that_began_in_a_cleaned_segment_keeps_its_values():
    log = a_compacted_log()
    fill(log, in_transaction(1, 0, "a=1"), records("b=1"), in_transaction(1, 1, "c=1"))
    fill(log, marker(1, "commit"), records("z=1"))
    log.compact(NOW)
    fill(log, records("z=2"))
    log.compact(NOW + 10 * DAY)
    assert texts(log, read_committed=True) == ["a=1", "b=1", "c=1", "z=1", "z=2"]


@pytest.mark.parametrize("how", ["commit", "abort"])
def test_a_control_batch_goes_once_its_transaction_is_gone_and_its_time_is_over(how):
    log = a_compacted_log()
    fill(log, in_transaction(1, 0, "a=1"), marker(1, how), records("a=2"))
    fill(log, of_producer(1, 1, "b=1"), records("z=1"))
    log.compact(NOW)
    assert bases(log) == [1, 2, 3, 4], "a cleaning that met the transaction keeps its end"
    fill(log, records("z=2"))
    log.compact(NOW + 1)
    assert bases(log) == [1, 2, 3, 4, 5], "from here its time runs"
    assert log.aborted(0, log.end) == []
    fill(log, records("z=3"))
    log.compact(NOW + DAY)
    assert 1 in bases(log)
    fill(log, records("z=4"))
    log.compact(NOW + DAY + 1)
    assert 1 not in bases(log)


def test_an_aborted_transaction_is_told_of_as_long_as_its_end_tells_of_it():
    log = a_compacted_log()
    fill(log, in_transaction(1, 0, "a=1"), marker(1, "abort"), records("b=1"), records("z=1"))
    log.compact(NOW)
    assert [each.first_offset for each in log.aborted(0, log.end)] == [0]


def test_the_last_batch_of_a_producer_stays_empty_and_its_sequence_goes_on():
    log = a_compacted_log()
    fill(log, of_producer(1, 0, "a=1"), of_producer(1, 1, "a=2"), records("a=3"), records("z=1"))
    log.compact(NOW)
    assert texts(log) == ["a=3", "z=1"]
    kept = log.read(0, 1, log.end)[0]
    assert (kept.base_offset, kept.records, kept.base_sequence) == (1, 0, 1)
    follower = a_compacted_log()
    for each in log.read(0, 2**31, log.end):
        follower.append_as_follower(each)
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        follower.append(of_producer(1, 3, "b=1"), 1, NOW)
    follower.append(of_producer(1, 2, "b=1"), 1, NOW)


def test_the_control_batch_that_fences_stays_whatever_its_age():
    log = a_compacted_log(delete_retention_ms="0")
    fill(log, in_transaction(1, 0, "a=1"), marker(1, "abort", epoch=5), records("b=1"))
    for number in range(4):
        fill(log, records(f"z={number}"))
        log.compact(NOW + 1)
    follower = a_compacted_log()
    for each in log.read(0, 2**31, log.end):
        follower.append_as_follower(each)
    with refused(Code.INVALID_PRODUCER_EPOCH):
        follower.append(in_transaction(1, 1, "b=1"), 1, NOW)


def test_a_log_that_was_compacted_knows_its_producers_after_a_truncation():
    log = a_compacted_log()
    fill(log, of_producer(1, 0, "a=1"), of_producer(1, 1, "a=2"), records("a=3"), records("z=1"))
    log.compact(NOW)
    log.append(of_producer(1, 2, "b=1"), 0, NOW)
    log.truncate(4)
    log.append(of_producer(1, 2, "b=1"), 0, NOW)


def test_a_log_cut_below_what_was_compacted_makes_do_with_what_is_left():
    log = a_compacted_log()
    fill(log, of_producer(1, 0, "a=1"), records("b=1"), of_producer(1, 1, "a=2"), records("z=1"))
    log.compact(NOW)
    log.truncate(2)
    assert (log.end, texts(log)) == (2, ["b=1"])
    fill(log, records("b=2"), records("y=1"))
    log.compact(NOW)
    assert texts(log) == ["b=2", "y=1"]


def test_small_segments_become_one_again():
    segments = [filled_at(NOW, base) for base in (0, 5, 10, 15, 20)]
    size = segments[0].size
    assert compaction.grouped(segments, 2 * size) == [0, 10, 20]
    assert compaction.grouped(segments, 2 * size - 1) == [0, 5, 10, 15, 20]
    assert compaction.grouped(segments, 5 * size) == [0]


def test_a_compacted_batch_is_as_late_as_what_is_left_in_it():
    log = a_compacted_log()
    fill(log, records("a=1", at=NOW), records("b=1", at=NOW + 5), records("b=2", at=NOW + 1))
    fill(log, records("z=1"))
    log.compact(NOW)
    assert log.offset_for_time(NOW + 1) == (2, NOW + 1)


def test_a_batch_that_compaction_dropped_is_still_known_as_appended():
    log = a_compacted_log()
    fill(log, of_producer(1, 0, "a=1"), of_producer(1, 1, "a=2"), records("z=1"), records("z=2"))
    log.compact(NOW)
    log.append(records("y=1"), 0, NOW)
    log.truncate(4)
    with pytest.raises(Duplicate):
        log.append(of_producer(1, 0, "a=1"), 0, NOW)


def test_what_was_compacted_and_then_deleted_counts_once():
    log = a_compacted_log()
    fill(log, of_producer(1, 0, "a=1"), of_producer(1, 1, "b=1"), records("z=1"), records("z=2"))
    log.compact(NOW)
    log.delete_before(1)
    log.append(records("y=1"), 0, NOW)
    log.truncate(4)
    log.append(of_producer(1, 2, "c=1"), 0, NOW)


def test_a_log_cut_below_what_was_compacted_knows_the_producers_that_are_left():
    log = a_compacted_log()
    fill(log, of_producer(1, 0, "a=1"), records("b=1"), records("c=1"), records("z=1"))
    log.compact(NOW)
    log.truncate(2)
    with refused(Code.OUT_OF_ORDER_SEQUENCE_NUMBER):
        log.append(of_producer(1, 2, "a=2"), 1, NOW)


def test_a_tombstone_at_an_offset_given_anew_has_a_time_of_its_own():
    log = a_compacted_log()
    fill(log, records("a=1"), records("a="), records("z=1"))
    log.compact(NOW)
    log.truncate(1)
    fill(log, records("a="), records("y=1"), records("z=1"), epoch=1)
    log.compact(NOW + DAY)
    assert texts(log) == ["a=", "y=1", "z=1"]


def test_a_tombstone_has_its_time_whatever_else_is_in_its_batch():
    log = a_compacted_log()
    fill(log, records("a=", "b=1"), records("y=1"), records("z=1"))
    log.compact(NOW)
    fill(log, records("z=2"))
    log.compact(NOW + DAY)
    assert texts(log) == ["b=1", "y=1", "z=1", "z=2"]


def test_a_producer_that_aborts_and_then_commits_keeps_what_it_committed():
    log = a_compacted_log()
    fill(log, in_transaction(1, 0, "a=1"), marker(1, "abort"))
    fill(log, in_transaction(1, 1, "b=1"), marker(1, "commit"), records("z=1"))
    log.compact(NOW)
    assert texts(log) == ["b=1", "z=1"]


def test_an_aborted_transaction_around_a_shorter_one_goes_as_a_whole():
    log = a_compacted_log()
    fill(log, in_transaction(1, 0, "a=1"), in_transaction(2, 0, "b=1"), marker(2, "abort"))
    fill(log, in_transaction(1, 1, "c=1"), marker(1, "abort"), records("z=1"))
    log.compact(NOW)
    assert texts(log) == ["z=1"]


def test_each_control_batch_goes_with_its_own_transaction():
    log = a_compacted_log(delete_retention_ms="0")
    fill(log, in_transaction(1, 0, "a=1"), marker(1, "commit"))
    fill(log, in_transaction(1, 1, "b=1"), marker(1, "commit"), of_producer(1, 2, "b=2"))
    for number in range(4):
        fill(log, records(f"z={number}"))
        log.compact(NOW)
    assert 1 in bases(log), "a=1 is still there"
    assert 3 not in bases(log)


def test_the_last_batch_cleaned_stays_empty_so_that_its_offset_is_known():
    log = a_compacted_log()
    fill(log, records("a=1"), in_transaction(1, 0, "b=1"), marker(1, "abort", epoch=1))
    log.compact(NOW)
    assert bases(log) == [0, 1, 2]
    assert texts(log) == ["a=1"]


def test_a_batch_without_its_latest_record_is_no_later_than_what_is_left():
    log = a_compacted_log(cleanup_policy="compact,delete", retention_ms="1000")
    late = Record(0, b"a", b"1", NOW + 500), Record(1, b"b", b"1", NOW)
    fill(log, batch(late), records("a=2", at=NOW + 100), records("z=1", at=NOW + 500))
    log.compact(NOW)
    log.retain(NOW + 1001)
    assert texts(log) == ["a=2", "z=1"]


def test_an_empty_segment_is_not_taken_for_an_old_one():
    log = a_compacted_log(min_cleanable_dirty_ratio="1", max_compaction_lag_ms="1000")
    assert not compaction.is_due([Segment(0), filled_at(NOW)], log.config, 0, NOW + 500)
    assert compaction.is_due([Segment(0), filled_at(NOW)], log.config, 0, NOW + 1001)


def filled_at(when, base=5):
    segment = Segment(base)
    segment.add(records("a=1", at=when))
    return segment
