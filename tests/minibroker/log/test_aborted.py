from minibroker.log.aborted import Aborted, AbortedIndex

LONG, SHORT, LATE = Aborted(1, 0, 30), Aborted(2, 10, 20), Aborted(3, 40, 50)


def an_index() -> AbortedIndex:
    index = AbortedIndex()
    for each in (SHORT, LONG, LATE):
        index.add(each)
    return index


def test_those_are_found_that_share_an_offset():
    index = an_index()
    assert index.overlapping(0, 60) == [SHORT, LONG, LATE]
    assert index.overlapping(20, 21) == [SHORT, LONG]
    assert index.overlapping(21, 40) == [LONG]
    assert index.overlapping(31, 40) == []
    assert index.overlapping(50, 51) == [LATE]
    assert index.overlapping(0, 10) == [LONG]


def test_a_transaction_that_ended_after_the_truncation_has_not_ended():
    index = an_index()
    index.truncate(30)
    assert index.overlapping(0, 60) == [SHORT]


def test_a_transaction_that_ended_before_the_start_is_forgotten():
    index = an_index()
    index.delete_before(30)
    assert index.overlapping(0, 60) == [LONG, LATE]
    index.delete_before(31)
    assert index.overlapping(0, 60) == [LATE]
