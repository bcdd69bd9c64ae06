"""Double compensation: what was done once was undone twice."""

import pytest

from graders.judges.double_compensation import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import crashed, history
from tests.graders.judges.sagas import did, saga, undid, voided

AGAIN = [saga(), did("charge"), undid("charge"), crashed(), undid("charge", who="worker#2")]


def test_a_charge_is_refunded_twice() -> None:
    [found] = find(history(*AGAIN))
    assert found.anomaly == "double_compensation"
    assert found.sentence == (
        "the charge of order-1 was undone twice: by worker#1 at 2.000 s, then by worker#2 at "
        "4.000 s"
    )
    assert found.events == (2, 4)


def test_every_time_is_counted() -> None:
    [found] = find(history(*AGAIN, undid("charge")))
    assert "was undone 3 times: " in found.sentence
    assert found.events == (2, 4, 5)


QUIET: dict[str, list[Event]] = {
    "undone once": [saga(), did("charge"), undid("charge")],
    "asked for again under its key": [saga(), did("charge"), undid("charge"), voided("charge")],
    "done twice and undone twice": [
        *(saga(), did("charge"), did("charge"), undid("charge"), undid("charge"))
    ],
    "two steps": [saga(), did("charge"), did("reservation"), undid("charge"), undid("reservation")],
    "two orders": [
        *(saga(), saga("order-2", 2), did("charge"), did("charge", "order-2")),
        *(undid("charge"), undid("charge", "order-2")),
    ],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_nothing_is_undone_twice(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_before_something_was_undone() -> None:
    assert unshown(history(saga(), did("charge"))) != ""
    assert unshown(history(saga(), did("charge"), undid("charge"))) == ""
