"""Compensation without cause: an order that nobody had refused was undone."""

import pytest

from graders.judges.compensation_without_cause import find, unshown
from minibroker.sim.trace import Event
from tests.graders.judges.history import history
from tests.graders.judges.sagas import did, refused, saga, undid, voided


def test_a_timeout_is_taken_for_a_no() -> None:
    events = [saga(), did("reservation"), did("charge"), undid("charge"), undid("reservation")]
    [found] = find(history(*events))
    assert found.anomaly == "compensation_without_cause"
    assert found.sentence == (
        "the charge of order-1 was undone, though nobody had refused the order for good"
    )
    assert found.events == (3,)


def test_trouble_that_passes_is_no_cause() -> None:
    events = [refused("shipment", until=5), saga(), did("charge"), undid("charge")]
    assert len(find(history(*events))) == 1


QUIET: dict[str, list[Event]] = {
    "refused for good": [refused("shipment"), saga(), did("charge"), undid("charge")],
    "nothing was undone": [saga(), did("reservation")],
    "only a key was voided": [saga(), voided("charge")],
    "no saga": [did("charge"), undid("charge")],
}


@pytest.mark.parametrize("events", QUIET.values(), ids=QUIET)
def test_an_order_is_undone_for_a_cause_or_not_at_all(events: list[Event]) -> None:
    assert find(history(*events)) == []


def test_trouble_of_another_order_or_with_something_else_is_no_cause() -> None:
    for cause in (refused("shipment", "order-2"), refused("email")):
        assert find(history(cause, saga(), did("charge"), undid("charge"))) != []


def test_nothing_is_shown_before_something_was_done() -> None:
    assert unshown(history(saga())) == "nothing was ever done, so nothing could be undone"
    assert unshown(history(saga(), did("charge"))) == ""
