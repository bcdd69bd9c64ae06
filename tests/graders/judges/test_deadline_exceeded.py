"""Deadline exceeded: whoever asked was told nothing in the time that was promised."""

from graders.judges.deadline_exceeded import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.answers import OWES, PAID, PENDING, POLICY, told
from tests.graders.judges.history import crashed, delivered, history, published, timed


def late(*answers: tuple[float, t.Event], came: float = 10, policy: t.Event = POLICY) -> list[str]:
    """What is found when order-1 comes at 10 s, or at `came`, and is told this at these times."""
    trace = timed((0, policy), (came, published()), (came, OWES), *answers)
    return [each.sentence for each in find(trace)]


def test_an_order_has_its_answer_after_the_time_that_was_promised() -> None:
    assert late((18.5, told(PAID))) == [
        "order-1 had its answer after 8.5 s, where 8 s are promised"
    ]


def test_the_finding_names_its_anomaly_and_the_late_answer() -> None:
    trace = timed((0, POLICY), (10, published()), (10, OWES), (19, told(PAID)))
    [found] = find(trace)
    assert (found.anomaly, found.events) == ("deadline_exceeded", (3,))


def test_an_answer_in_time_is_in_time() -> None:
    assert late((18, told(PAID))) == []


def test_before_anybody_can_answer_a_pending_will_do() -> None:
    assert late((15, told(PENDING)), (90, told(PAID))) == []


def test_a_pending_that_comes_late_is_late_too() -> None:
    assert late((19, told(PENDING))) == ["order-1 had its answer after 9 s, where 8 s are promised"]


def test_once_somebody_can_answer_a_pending_does_not_count() -> None:
    assert late((31, told(PENDING)), (40, told(PAID)), came=30) == [
        "order-1 had its answer after 10 s, where 8 s are promised"
    ]
    assert late((31, told(PENDING)), (32, told(PAID)), came=30) == []


def test_an_order_that_is_told_pending_and_no_more_when_somebody_is_there() -> None:
    assert late((31, told(PENDING)), came=30) == [
        "order-1 was told status pending and no more, although somebody was there to answer"
    ]


def test_an_order_that_is_told_nothing() -> None:
    assert late() == ["order-1 was never answered, where 8 s are promised"]


def test_a_run_with_faults_is_not_judged_nor_one_without_a_promise() -> None:
    trace = timed((0, POLICY), (1, published()), (1, OWES), (2, crashed()), (90, told(PAID)))
    assert find(trace) == []
    assert find(timed((1, published()), (1, OWES), (90, told(PAID)))) == []


def test_nothing_is_shown_until_somebody_takes_a_message() -> None:
    assert unshown(history(POLICY, published(), OWES)) == (
        "no message was ever taken, so nobody was seen to wait"
    )
    assert unshown(history(POLICY, published(), OWES, delivered())) == ""
