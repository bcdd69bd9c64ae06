from tests.minibroker.log.making import NOW, a_log, fill, records, shown

HOUR = 3_600_000
ONE_BATCH_A_SEGMENT = {"internal.segment.bytes": "1"}


def values(log):
    return [text for _, text in shown(log)]


def test_a_segment_goes_when_its_newest_record_is_older_than_the_retention():
    log = a_log({"retention.ms": "1000", **ONE_BATCH_A_SEGMENT})
    fill(log, records("a", at=NOW), records("b", at=NOW + 500), records("c", at=NOW + 500))
    log.retain(NOW + 1000)
    assert log.start == 0
    log.retain(NOW + 1001)
    assert log.start == 1
    assert values(log) == ["k=b", "k=c"]


def test_a_record_outlives_its_time_as_long_as_a_newer_one_is_in_its_segment():
    log = a_log({"retention.ms": "1000"})
    fill(log, records("a", at=NOW), records("b", at=NOW + 900))
    log.retain(NOW + 1500)
    assert values(log) == ["k=a", "k=b"]


def test_a_segment_that_is_kept_keeps_all_after_it():
    log = a_log({"retention.ms": "1000", **ONE_BATCH_A_SEGMENT})
    fill(log, records("a", at=NOW + HOUR), records("b", at=NOW))
    log.retain(NOW + 2000)
    assert values(log) == ["k=a", "k=b"]


def test_a_quiet_topic_becomes_empty_and_its_offsets_go_on():
    log = a_log({"retention.ms": "1000"})
    fill(log, records("a"), records("b"))
    log.retain(NOW + 1001)
    assert (log.start, log.end, values(log)) == (2, 2, [])
    log.retain(NOW + 1001)
    assert fill(log, records("c", at=NOW + 1001))[0].base_offset == 2


def test_what_is_not_below_the_high_watermark_stays():
    log = a_log({"retention.ms": "1000", **ONE_BATCH_A_SEGMENT})
    fill(log, records("a"))
    log.append(records("b"), 0, NOW)
    log.retain(NOW + 5000)
    assert (log.start, log.end) == (1, 2)


def test_by_size_segments_go_while_what_is_left_is_as_much_as_may_be_kept():
    size = records("a").size
    log = a_log({"retention.bytes": str(2 * size), **ONE_BATCH_A_SEGMENT})
    fill(log, *(records("a") for _ in range(5)))
    log.retain(NOW)
    assert log.start == 3
    log.retain(NOW)
    assert log.start == 3


def test_a_segment_stays_if_without_it_there_were_less_than_may_be_kept():
    log = a_log({"retention.bytes": str(records("a").size + 1), **ONE_BATCH_A_SEGMENT})
    fill(log, records("a"), records("a"))
    log.retain(NOW)
    assert log.start == 0


def test_unlimited_retention_and_other_policies_keep_everything():
    for settings in ({"retention.ms": "-1"}, {"cleanup.policy": "compact", "retention.ms": "1"}):
        log = a_log(settings | ONE_BATCH_A_SEGMENT)
        fill(log, records("a"), records("b"))
        log.retain(NOW + 10**12)
        assert log.start == 0


def test_by_default_a_week_is_kept():
    log = a_log()
    fill(log, records("a"))
    log.retain(NOW + 168 * HOUR)
    assert values(log) == ["k=a"]
    log.retain(NOW + 168 * HOUR + 1)
    assert values(log) == []


def test_a_segment_is_closed_by_a_batch_that_it_has_no_room_for():
    log = a_log({"retention.ms": "1000", "internal.segment.bytes": str(2 * records("a").size)})
    fill(log, records("a"), records("b", at=NOW + 100), records("c", at=NOW + 500))
    log.retain(NOW + 1001)
    assert values(log) == ["k=a", "k=b", "k=c"]
    log.retain(NOW + 1101)
    assert values(log) == ["k=c"]


def test_a_segment_is_as_late_as_its_latest_record_wherever_that_stands():
    log = a_log({"retention.ms": "1000"})
    fill(log, records("a", at=NOW + 900), records("b", at=NOW))
    log.retain(NOW + 1900)
    assert values(log) == ["k=a", "k=b"]


def test_a_segment_is_closed_by_a_batch_stamped_much_later_than_its_first():
    log = a_log({"retention.ms": "1000", "segment.ms": "100"})
    fill(log, records("a"), records("b", at=NOW + 100), records("c", at=NOW + 101))
    log.retain(NOW + 1101)
    assert values(log) == ["k=c"]


def test_deleted_records_leave_with_their_segment():
    log = a_log(ONE_BATCH_A_SEGMENT)
    fill(log, records("a"), records("b", "c"), records("d"))
    log.delete_before(2)
    assert [batch.base_offset for batch in log.read(2, 10_000, 4)] == [1, 3]
    log.retain(NOW)
    assert (log.start, log.end) == (2, 4)
