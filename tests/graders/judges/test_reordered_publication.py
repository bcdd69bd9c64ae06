"""Reordered publication: a reader can see an order's events in another order than they happened."""

from graders.judges.reordered_publication import find, unshown
from tests.graders.judges.store import ADDED, PAID, PLACED, event, store_of, told


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*events))]  # type: ignore[arg-type]


def test_events_by_their_versions_in_one_partition_keep_their_order() -> None:
    assert sentences(told(PLACED, 0, 0), told(ADDED, 0, 1), told(PAID, 0, 2)) == []
    assert sentences(told(PLACED), told(event(1, "placed", "order-2"), partition=1)) == []


def test_events_that_come_once_more_are_no_harm() -> None:
    again = [told(row, 0, n) for n, row in enumerate((PLACED, ADDED, PLACED, ADDED, PAID))]
    assert sentences(*again) == []


def test_events_of_one_order_in_two_partitions_have_no_order() -> None:
    [found] = find(store_of(told(PLACED), told(ADDED, partition=1)))
    assert found.anomaly == "reordered_publication"
    assert found.sentence == (
        "event 1 of order-1 is in partition 0 and event 2 in partition 1: nobody knows which came "
        "first"
    )
    assert found.events == (1, 2)


def test_an_event_that_is_published_after_its_successor_is_too_late() -> None:
    [found] = find(store_of(told(PLACED, 0, 0), told(PAID, 0, 1), told(ADDED, 0, 2)))
    assert found.sentence == "relay#1 published event 2 of order-1 after event 3"
    assert found.events == (2, 3)


def test_the_offset_is_what_a_reader_goes_by() -> None:
    assert sentences(told(ADDED, 0, 1), told(PLACED, 0, 0)) == []


def test_nothing_is_shown_when_nothing_was_published() -> None:
    assert unshown(store_of()) == "nothing was ever published to order-events"
    assert unshown(store_of(told(PLACED))) == ""
