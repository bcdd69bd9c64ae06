"""Expired lease: work was done for a message whose lease was over."""

import pytest

from graders.judges.expired_lease import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import (
    WORKER,
    charged,
    crashed,
    deduplicated,
    delivered,
    history,
    owed,
    published,
)

OVER = t.Requeued(at=0, who=WORKER, queue="orders", message=1, why="visibility timeout")
HAS = [published(), owed(), delivered()]


def test_a_charge_after_the_visibility_timeout_is_too_late() -> None:
    [found] = find(history(*HAS, OVER, charged()))
    assert found.anomaly == "expired_lease"
    assert found.sentence == (
        "worker#1 asked for the charge for order-1 at 4.000 s, and its lease on the message was "
        "over at 3.000 s"
    )
    assert found.events == (3, 4)


def test_so_is_one_that_the_key_turned_away() -> None:
    assert len(find(history(*HAS, OVER, deduplicated()))) == 1


def test_it_is_said_once_for_each_lease() -> None:
    assert len(find(history(*HAS, OVER, charged(), charged()))) == 1


@pytest.mark.parametrize(
    "events",
    [
        [*HAS, charged(), OVER],
        [*HAS, OVER, delivered(), charged()],
        [*HAS, t.Requeued(at=0, who=WORKER, queue="orders", message=1, why="rejected"), charged()],
        [*HAS, crashed(), OVER, charged()],
    ],
    ids=["in time", "lent again", "given back", "after a fault"],
)
def test_this_is_none(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_nothing_is_shown_when_nothing_was_taken() -> None:
    assert unshown(history(published())) == "no message was ever taken, so no lease could be over"
    assert unshown(history(*HAS)) == ""
