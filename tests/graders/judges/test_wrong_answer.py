"""Wrong answer: whoever asked was told what is not so."""

from graders.judges.wrong_answer import find, unshown
from minibroker.sim import trace as t
from tests.graders.judges.answers import OWES, PAID, PENDING, POLICY, told
from tests.graders.judges.history import charged, history, owed, published

ASKED = (POLICY, published(), OWES)
CHARGED = (owed(), charged())


def wrong(*events: t.Event) -> list[str]:
    return [each.sentence for each in find(history(*ASKED, *events))]


def test_the_answer_to_another_order_is_wrong() -> None:
    [found] = find(history(*ASKED, told({"status": "paid", "cents": 7})))
    assert found.anomaly == "wrong_answer"
    assert found.sentence == (
        "order-1 was told status paid, cents 7, where status paid, cents 42 is so"
    )
    assert found.events == (3,)


def test_a_wrong_answer_stays_wrong_when_it_is_put_right() -> None:
    assert len(wrong(told({"status": "declined"}), told(PAID))) == 1


def test_the_right_answer_is_right_and_may_say_more() -> None:
    assert wrong(*CHARGED, told(PAID)) == []
    assert wrong(*CHARGED, told(PAID | {"charge": "ch-1"}), told(PAID)) == []


def test_pending_is_no_wrong_answer_before_the_right_one() -> None:
    assert wrong(told(PENDING)) == []
    assert wrong(*CHARGED, told(PENDING), told(PENDING), told(PAID)) == []
    assert wrong(*CHARGED, told(PENDING, PAID)) == []


def test_pending_after_the_answer_is_wrong_where_it_is_the_last_word() -> None:
    taken_back = [
        "order-1 was told status pending, after it had its answer, and that was the last word"
    ]
    assert wrong(*CHARGED, told(PAID), told(PENDING)) == taken_back
    assert wrong(*CHARGED, told(PAID, PENDING)) == taken_back
    assert wrong(*CHARGED, told(PAID), told(PENDING), told(PAID)) == []


def test_paid_before_the_charge_is_wrong_also_when_the_charge_follows() -> None:
    too_early = ["order-1 was told status paid, cents 42, before any charge for it was made"]
    assert wrong(owed(), told(PAID), charged()) == too_early
    assert wrong(owed(), told(PAID)) == too_early


def test_an_order_that_owes_no_side_effect_may_be_told_at_once() -> None:
    assert wrong(told(PAID)) == []


def test_a_row_of_another_table_or_of_the_scenario_is_no_answer() -> None:
    row = t.Committed(at=0, who="client#1", writes=[["put", "notes", "order-1", {"status": "?"}]])
    assert wrong(row, told({"status": "?"}, who="scenario")) == []


def test_without_a_promise_nothing_is_judged() -> None:
    assert find(history(published(), OWES, told({"status": "?"}))) == []


def test_nothing_is_shown_until_somebody_is_told_something() -> None:
    assert unshown(history(*ASKED)) == "nobody was told anything, so nothing could be wrong"
    assert unshown(history(*ASKED, told(PENDING))) == ""
