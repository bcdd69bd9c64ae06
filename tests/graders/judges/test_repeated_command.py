"""Repeated command: it was given once and carried out more than once."""

from graders.judges.repeated_command import find, unshown
from tests.graders.judges.store import (
    ADDED,
    PAID,
    PLACED,
    TWO,
    appended,
    came,
    event,
    store_of,
)

PLACE = came("place-1", "place", cents=900)
ADD = came("add-1", "add", message=2, cents=100)
PAY = came("pay-1", "pay", message=3)
CANCEL = came("cancel-1", "cancel", message=4)
CAME = (PLACE, ADD, PAY, CANCEL)


def sentences(*events: object) -> list[str]:
    return [each.sentence for each in find(store_of(*CAME, *events))]  # type: ignore[arg-type]


def test_each_command_once_is_not_too_often() -> None:
    back, gone = event(4, "refunded"), event(5, "cancelled")
    assert sentences(appended(PLACED), appended(ADDED), appended(PAID), appended(back, gone)) == []


def test_a_command_that_comes_again_gets_the_next_version() -> None:
    again = event(3, "item_added")
    [found] = find(store_of(*CAME, appended(PLACED), appended(ADDED), appended(again, who=TWO)))
    assert found.anomaly == "repeated_command"
    assert found.sentence == (
        "add-1 was carried out twice: item_added is event 2 of order-1 by handle-1#1 and event 3 "
        "by handle-2#1"
    )
    assert found.events == (6, 7)


def test_a_command_that_came_twice_is_still_one() -> None:
    assert sentences(PLACE, appended(PLACED)) == []


def test_an_event_that_nobody_asked_for_is_one_too_many() -> None:
    assert sentences(appended(PLACED, ADDED | {"command": "gift-1"})) == [
        "item_added, event 2 of order-1, is for gift-1, which nobody sent"
    ]
    assert sentences(appended(PLACED, event(2, "paid", command="add-1"))) == [
        "paid, event 2 of order-1, is not what add-1 asked for"
    ]
    assert sentences(appended(event(1, "placed", "order-2"))) == [
        "placed, event 1 of order-2, is not what place-1 asked for"
    ]


def test_a_wrong_amount_is_judged_elsewhere() -> None:
    assert sentences(appended(PLACED | {"cents": 1})) == []


def test_nothing_is_shown_without_an_event() -> None:
    assert unshown(store_of(appended(PLACED))) == ""
    assert unshown(store_of(*CAME)) != ""
