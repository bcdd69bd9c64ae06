"""What is owed and what became of each copy, as the judges read it."""

import pytest

from graders.judges import judge
from graders.judges.debts import debts, last_of_each_copy
from tests.graders.judges.history import (
    charged,
    delivered,
    ended,
    history,
    owed,
    published,
    requeued,
    settled,
)


def test_messages_that_carry_the_same_debt_owe_it_once() -> None:
    found = debts(history(published(1), owed(1), published(2), owed(2), published(3), owed(3, "b")))
    assert {subject: debt.messages for subject, debt in found.items()} == {
        ("charge", "order-1"): [1, 2],
        ("charge", "b"): [3],
    }


def test_side_effects_are_told_apart_by_their_detail() -> None:
    trace = history(published(), owed(), charged(cents=41), charged(), charged("order-9"))
    [debt] = debts(trace).values()
    assert [position for position, _ in debt.other] == [2]
    assert [position for position, _ in debt.done] == [3]


def test_the_last_that_happened_to_each_copy_says_where_it_is() -> None:
    trace = history(
        *(published(1, "a", "b"), published(2), published(3), published(4), delivered(2)),
        *(delivered(3), requeued(3), delivered(1, queue="a"), settled(1, queue="a"), ended()),
    )
    assert {
        copy: (position, type(event).__name__)
        for copy, (position, event) in last_of_each_copy(trace).items()
    } == {
        ("a", 1): (8, "Settled"),
        ("b", 1): (0, "Published"),
        ("orders", 2): (4, "Delivered"),
        ("orders", 3): (6, "Requeued"),
        ("orders", 4): (3, "Published"),
    }


def test_a_trace_that_has_grown_is_read_again() -> None:
    trace = history(published(), owed())
    assert debts(trace)["charge", "order-1"].done == []
    assert [event.message for _, event in last_of_each_copy(trace).values()] == [1]  # type: ignore[attr-defined]
    trace.append(charged())
    trace.append(settled())
    assert len(debts(trace)["charge", "order-1"].done) == 1
    assert last_of_each_copy(trace)["orders", 1][0] == 3


@pytest.mark.parametrize("anomaly", ["lost_message", "duplicate_effect", "stuck"])
def test_a_judge_is_found_by_the_name_of_its_anomaly(anomaly: str) -> None:
    found = judge(anomaly)
    assert found.anomaly == anomaly
    assert found.find(history()) == []
    assert found.unshown(history()) != ""


def test_an_anomaly_that_nobody_judges_is_an_error() -> None:
    with pytest.raises(LookupError, match="lost_mesage"):
        judge("lost_mesage")
