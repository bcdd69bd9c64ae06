"""The bug hunt in a saga: what it asks, what it says to right and wrong answers, and that its code
is what it says it is."""

import pytest

from ackademy.drill.cancelled_and_paid import (
    HUNT,
    NAME,
    left,
    said_undone,
    unanswered,
    without_carrier,
)
from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.session import Session
from ackademy.drill.steps import Choose, Mend, Reply, Show, ShowRun
from graders.check import check_source, one_run
from graders.content import chaffs, wheats
from graders.judges.sagas import sagas
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
CHAFFS = {each.name: each.source for each in chaffs(NAME)}
RIGHT = (1, 1, 0)
"""Its charge; its charge, though it is said to be undone; missing compensation."""


def outcomes(source: str, seed: int = 0, graded: bool = False) -> dict[str, str]:
    verdicts = check_source(SPEC, source, seed, graded)
    return {v.check: v.anomaly or v.outcome for v in verdicts}


def answered(*places: int, seed: int = 0) -> Session:
    session = Session(hunt(HUNT, seed))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("seed", range(3))
def test_the_broken_orchestrator_leaves_orders_half_done_in_both_transports(seed, graded):
    assert outcomes(BROKEN, seed, graded) == {
        "all_or_nothing": "missing_compensation",
        "no_early_end": "compensation_without_cause",
        "once": "pass",
        "comes_to_rest": "pass",
    }


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
@pytest.mark.parametrize("name", WHEATS)
def test_a_mend_by_each_design_passes_in_both_transports(name, graded):
    assert set(outcomes(WHEATS[name], graded=graded).values()) == {"pass"}


def test_two_orders_keep_their_charge_and_one_of_them_is_called_undone():
    run, _ = one_run(SPEC, BROKEN, ())
    unsure, far = unanswered(run), without_carrier(run)
    assert unsure != far
    assert [left(sagas(run.trace)[order]) for order in (unsure, far)] == [["charge"], ["charge"]]
    assert said_undone(run, far)


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert BROKEN.startswith("import json\n")
    assert "anomaly" not in BROKEN
    assert "half done" not in BROKEN


def test_the_code_is_shown_before_anything_is_asked():
    session = answered()
    assert "sagas[name].append((payments.refund" in text(session)
    assert isinstance(session.asked, Choose)


@pytest.mark.parametrize("seed", range(5))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_wrong_predictions_are_put_beside_what_happened():
    said = text(answered(0, 0))
    assert "✗ what stands of the second order: you said nothing, it is undone; it is: its" in said
    assert "✗ the fourth order: you said it is undone, and is said to be; it is: its charge" in said


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    name = list(HUNT.names)[place]
    said = text(answered(1, 1, place))
    words = name.replace("_", " ")
    assert f"✗ the anomaly: you said {words}; it is: missing compensation" in said
    assert f"{words.capitalize()} would be: {HUNT.names[name]}" in said


def test_the_ack_at_the_end_brings_an_order_back_after_a_crash_and_mends_no_more():
    said = text(answered(*RIGHT))
    first, second = (line for line in said.splitlines() if line.startswith("  acked at"))
    assert "it does not come again, and of order-" in first
    assert first.endswith("there stands: reservation and charge")
    assert second.startswith("  acked at the end: it comes again, and order-")
    assert second.endswith(" is complete")
    assert "still failing are all or nothing and no early end." in said


def test_a_mend_that_fails_shows_why_and_asks_again():
    session = answered(*RIGHT)
    session.reply(Reply(CHAFFS["moves_the_ack"]))
    assert "its charge stands, its reservation was undone" in text(session)
    assert any(isinstance(step, ShowRun) for step in session.shown)
    assert isinstance(session.asked, Mend)


def test_a_mend_that_passes_ends_with_the_designs_the_card_and_the_interview():
    session = answered(*RIGHT)
    session.reply(Reply(WHEATS["asks_until_it_is_answered"]))
    assert session.over
    said = text(session)
    assert "Catches a no and nothing else." in said
    assert "Moves the ack to the end, and nothing else" in said
    assert "✓ the mend: all checks passed the first time" in said
    assert len(HUNT.interview) == 3
