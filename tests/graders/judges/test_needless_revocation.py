"""Needless revocation: a consumer gave up a partition, and the next to get it was itself."""

import pytest

from graders.judges.needless_revocation import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.history import history
from tests.graders.judges.logs import assigned, rebalanced, revoked

ONE, TWO = "worker-1#1", "worker-2#1"


def test_two_that_came_back_and_one_that_went_are_one_finding() -> None:
    [found] = find(
        history(
            assigned(ONE, 0, 1, 2), revoked(ONE, 0, 1, 2), assigned(TWO, 2), assigned(ONE, 0, 1)
        )
    )
    assert found.anomaly == "needless_revocation"
    assert found.sentence == (
        "worker-1#1 had to give up orders/0 and orders/1 at 1.000 s and got them back at 3.000 s"
    )
    assert found.events == (1, 3)


def test_one_that_came_back_is_it() -> None:
    [found] = find(history(revoked(ONE), assigned(ONE)))
    assert found.sentence.endswith("had to give up orders/0 at 0.000 s and got it back at 1.000 s")


@pytest.mark.parametrize(
    "events",
    [
        [assigned(ONE), revoked(ONE), assigned(TWO)],
        [assigned(ONE), revoked(ONE), assigned(TWO), revoked(TWO), assigned(ONE)],
        [assigned(ONE), revoked(ONE, lost=True), assigned(ONE)],
        [assigned(ONE), revoked(ONE), assigned("worker-1#2")],
        [revoked(ONE), assigned(ONE, group="mailing")],
        [revoked(ONE), assigned(ONE, 1)],
        [revoked(ONE)],
    ],
)
def test_what_went_to_another_or_was_lost_is_not(events: list[t.Event]) -> None:
    assert find(history(*events)) == []


def test_something_is_shown_once_a_member_with_partitions_was_there_when_another_came() -> None:
    nothing = "no group rebalanced between two members, so none was disturbed"
    alone = rebalanced(worker_1=[0, 1])
    assert unshown(history(alone)) == nothing
    assert unshown(history(alone, rebalanced(worker_1=[0, 1]))) == nothing
    assert unshown(history(alone, rebalanced(worker_2=[0, 1]))) == nothing
    assert unshown(history(alone, rebalanced(worker_1=[0], worker_2=[1], group="mail"))) == nothing
    assert unshown(history(alone, rebalanced(worker_1=[0], worker_2=[1]))) == ""
