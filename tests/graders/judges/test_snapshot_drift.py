"""Snapshot drift: a snapshot is not what its events amount to."""

import pytest

from graders.judges.snapshot_drift import find, unshown
from minibroker.sim.values import Value
from tests.graders.judges.store import (
    ADDED,
    ONE,
    PAID,
    PLACED,
    TWO,
    appended,
    committed,
    event,
    row_of,
    snapshot,
    store_of,
)

THREE = appended(PLACED, ADDED, PAID)


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*events))]  # type: ignore[arg-type]


def test_a_snapshot_of_all_or_of_some_events_is_right() -> None:
    right = [(0, "new", 0), (1, "placed", 900), (2, "placed", 1000), (3, "paid", 1000)]
    for version, status, cents in right:
        assert sentences(THREE, committed(snapshot(version, status, cents))) == []


def test_a_snapshot_in_the_transaction_of_its_last_event_is_right() -> None:
    both = committed(snapshot(2, "placed", 1000), row_of(ADDED))
    assert sentences(appended(PLACED), both) == []


def test_a_snapshot_that_left_out_its_last_event_is_wrong() -> None:
    [found] = find(store_of(THREE, committed(snapshot(2, "placed", 900))))
    assert found.anomaly == "snapshot_drift"
    assert found.sentence == (
        "handle-1#1 wrote a snapshot of order-1 that says status 'placed' and cents 900 at version "
        "2, where its events come to 'placed' and 1000"
    )
    assert found.events == (2,)


def test_a_snapshot_of_events_that_are_not_there_is_wrong() -> None:
    assert sentences(appended(PLACED), committed(snapshot(2, "placed", 1000))) == [
        "handle-1#1 wrote a snapshot of order-1 that stands for version 2, where there are 1 events"
    ]


def test_a_snapshot_never_gives_way_to_an_older_one() -> None:
    new, old = snapshot(3, "paid", 1000), snapshot(2, "placed", 1000)
    assert sentences(THREE, committed(new), committed(old, who=TWO)) == [
        "handle-2#1 wrote a snapshot of order-1 that stands for version 2, in place of one that "
        "stood for version 3"
    ]
    assert sentences(THREE, committed(old), committed(new), committed(new)) == []
    beside = snapshot(2, "placed", 1000, key="order-1/2")
    assert sentences(THREE, committed(new), committed(beside)) == []
    gone: list[Value] = ["delete", "snapshots", "order-1", {}]
    assert sentences(THREE, committed(new), committed(gone), committed(old)) == []


@pytest.mark.parametrize("field", ["order", "version"])
def test_a_snapshot_says_of_what_it_is_one(field: str) -> None:
    write = snapshot(1, "placed", 900)
    row = write[3]
    assert isinstance(row, dict)
    del row[field]
    [sentence] = sentences(THREE, committed(write))
    assert sentence.endswith("lacks its order, a str, or its version, an int")


def test_of_a_stream_that_is_none_no_snapshot_is_judged() -> None:
    twice = committed(row_of(PLACED, key="a"), row_of(event(1, "paid"), key="b"), who=ONE)
    assert sentences(twice, committed(snapshot(1, "shipped", 7))) == []
    wrong = appended(PLACED, event(2, "shipped"))
    assert sentences(wrong, committed(snapshot(2, "shipped", 900))) == []


def test_nothing_is_shown_without_a_snapshot() -> None:
    assert unshown(store_of(THREE)) == (
        "no snapshot was ever committed to the table snapshots, so none could be wrong"
    )
    assert unshown(store_of(THREE, committed(snapshot(1, "placed", 900)))) == ""
