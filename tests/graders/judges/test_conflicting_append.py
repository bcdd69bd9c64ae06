"""Conflicting append: two writers believed to be the next."""

from graders.judges.conflicting_append import find, unshown
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
    store_of,
)


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*events))]  # type: ignore[arg-type]


def test_a_stream_that_grows_one_by_one_is_a_sequence() -> None:
    assert sentences(appended(PLACED), appended(ADDED, who=TWO), appended(PAID)) == []
    assert sentences(appended(PLACED, ADDED, PAID)) == []
    assert sentences(appended(PLACED), appended(event(1, "placed", "order-2"))) == []


def test_the_second_of_two_writers_overwrites_the_first() -> None:
    trace = store_of(
        appended(PLACED),
        appended(ADDED),
        committed(row_of(event(2, "paid"), "put"), who=TWO),
    )
    [found] = find(trace)
    assert found.anomaly == "conflicting_append"
    assert found.sentence == (
        "handle-2#1 overwrote event 2 of order-1, item_added for add-1, with paid for pay-1: "
        "handle-1#1 had appended it first"
    )
    assert found.events == (2, 3)


def test_two_events_of_one_version_are_in_conflict_under_any_keys() -> None:
    two = committed(row_of(event(2, "paid"), key="b"), who=TWO)
    assert sentences(appended(PLACED), committed(row_of(ADDED, key="a"), who=ONE), two) == [
        "order-1 has two events of version 2: item_added by handle-1#1 and paid by handle-2#1"
    ]


def test_a_version_that_is_left_out_is_missing() -> None:
    assert sentences(appended(PLACED), appended(PAID)) == [
        "order-1 has an event of version 3 and none of version 2"
    ]
    assert sentences(appended(ADDED)) == ["order-1 has an event of version 2 and none of version 1"]


def test_an_event_that_is_removed_was_rewritten() -> None:
    assert sentences(appended(PLACED), committed(["delete", "events", "order-1/1", {}])) == [
        "handle-1#1 removed event 1 of order-1, placed for place-1, from the store: what was "
        "appended stays"
    ]


def test_the_same_event_once_more_is_no_conflict() -> None:
    assert sentences(appended(PLACED), committed(row_of(PLACED, "put"), who=TWO)) == []
    further = PLACED | {"note": "as before"}
    assert sentences(appended(PLACED), committed(row_of(further, "put"))) == []


def test_each_order_is_accused_once() -> None:
    put = committed(row_of(event(1, "paid"), "put"), who=TWO)
    again = committed(row_of(event(1, "shipped"), "put"))
    assert len(sentences(appended(PLACED), put, again)) == 1


def test_other_tables_and_other_stores_hold_no_streams() -> None:
    assert sentences(committed(["put", "done", "x", PLACED]), appended(PLACED)) == []


def test_nothing_is_shown_without_an_event() -> None:
    assert unshown(store_of(appended(PLACED))) == ""
    assert unshown(store_of()) == "no event was ever committed to the table events"
    odd = committed(["insert", "events", "order-1/1", {"order": "order-1", "type": "placed"}])
    assert unshown(store_of(odd)) == (
        "handle-1#1 wrote a row to events that is no event: it needs order, type and command, each "
        "a str, and version, an int from 1"
    )
    for version in (0, True, "1"):
        odd = committed(row_of(PLACED | {"version": version}))
        assert unshown(store_of(odd)).startswith("handle-1#1 wrote a row")
