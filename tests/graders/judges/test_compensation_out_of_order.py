"""Compensation out of order: an earlier step was undone while a later one still stood."""

import pytest

from graders.judges.compensation_out_of_order import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import history
from tests.graders.judges.sagas import STEPS, did, saga, undid, voided


def test_the_stock_is_released_before_the_money_is_back() -> None:
    events = [saga(), did("reservation"), did("charge"), undid("reservation"), undid("charge")]
    [found] = find(history(*events))
    assert found.anomaly == "compensation_out_of_order"
    assert found.sentence == (
        "the reservation of order-1 was undone while its charge still stood; the last step is "
        "undone first"
    )
    assert found.events == (3, 4)


def test_the_first_and_the_last_step_are_compared_too() -> None:
    events = [saga(), *map(did, STEPS), *map(undid, ("charge", "reservation", "shipment"))]
    assert [found.sentence.split(" was")[0] for found in find(history(*events))] == [
        "the reservation of order-1",
        "the charge of order-1",
    ]


QUIET: dict[str, list[Event]] = {
    "the last one first": [saga(), *map(did, STEPS), *map(undid, reversed(STEPS))],
    "the later one was never made": [
        *(saga(), did("reservation"), voided("charge"), undid("reservation"), voided("charge"))
    ],
    "the later one was never undone": [
        *(saga(), did("reservation"), did("charge"), undid("reservation"))
    ],
    "the later one was made after it": [
        *(saga(), did("reservation"), undid("reservation"), did("charge"), undid("charge"))
    ],
    "undone in order, and one of them once more": [
        *(saga(), *map(did, STEPS), *map(undid, reversed(STEPS)), undid("shipment"))
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_compensations_are_in_order(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_before_something_was_undone() -> None:
    assert unshown(history(saga(), did("charge"))) != ""
    assert unshown(history(saga(), did("charge"), undid("charge"))) == ""
