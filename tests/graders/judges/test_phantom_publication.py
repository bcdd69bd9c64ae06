"""Phantom publication: the topic told of an event that was not in the store."""

from dataclasses import replace

from graders.judges.phantom_publication import find, unshown
from tests.graders.judges.store import ADDED, PLACED, appended, ended, event, store_of, told


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*events))]  # type: ignore[arg-type]


def test_an_event_that_is_committed_and_then_published_happened() -> None:
    assert sentences(appended(PLACED), told(PLACED)) == []
    assert sentences(appended(PLACED), told(PLACED | {"id": "more"}), told(PLACED)) == []


def test_an_event_that_is_published_before_its_commit_had_not_happened() -> None:
    [found] = find(store_of(told(PLACED), appended(PLACED)))
    assert found.anomaly == "phantom_publication"
    assert found.sentence == (
        "relay#1 published 'placed' as event 1 of order-1 1 s before it was committed"
    )
    assert found.events == (1,)


def test_an_event_that_lost_the_race_never_happened() -> None:
    wrong = told(event(2, "paid", cents=900))
    assert sentences(appended(PLACED), wrong, wrong, appended(ADDED)) == [
        "relay#1 published 'paid' as event 2 of order-1, which was never committed: in the store "
        "that is item_added"
    ]
    assert sentences(appended(PLACED), told(ADDED)) == [
        "relay#1 published 'item_added' as event 2 of order-1, which was never committed"
    ]


def test_of_two_records_the_one_that_never_happened_is_named() -> None:
    early, wrong = told(ADDED), told(event(2, "paid", cents=900))
    for records in ((early, wrong), (wrong, early)):
        [sentence] = sentences(appended(PLACED), *records, appended(ADDED))
        assert "'paid' as event 2 of order-1, which was never committed" in sentence


def test_an_event_with_another_amount_is_another_event() -> None:
    assert len(sentences(appended(PLACED), told(PLACED | {"cents": 1}))) == 1


def test_what_is_no_event_happened_even_less() -> None:
    wrong = "relay#1 published to order-events what is no event: it has no order and version"
    for value in (b"placed", b"[1]", b"", b'{"order": "order-1"}', None):
        assert sentences(appended(PLACED), replace(told(PLACED), value=value)) == [wrong]
    assert sentences(replace(told(PLACED), topic="others")) == []


def test_a_record_in_a_transaction_counts_from_its_commit() -> None:
    early = told(PLACED, transaction="relay")
    assert sentences(early, appended(PLACED), ended("relay", "committed")) == []
    assert sentences(early, ended("relay", "aborted")) == []
    assert len(sentences(early, ended("relay", "committed"), appended(PLACED))) == 1


def test_nothing_is_shown_when_nothing_was_published() -> None:
    assert unshown(store_of(appended(PLACED))) == "nothing was ever published to order-events"
    assert unshown(store_of(appended(PLACED), told(PLACED))) == ""
