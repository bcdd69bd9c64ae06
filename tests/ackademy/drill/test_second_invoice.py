"""The bug hunt about a transaction that leaves the offset out: what it asks, and that what it says
happened did."""

import pytest

from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.second_invoice import (
    HUNT,
    NAME,
    after_the_first,
    most_invoices,
    taken_along,
)
from ackademy.drill.session import Session
from ackademy.drill.steps import Reply, Show
from graders.check import check_source, one_run
from graders.content import wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
RIGHT = (2, 2, 0)
"""Never; two; duplicate effect."""


def answered(*places: int) -> Session:
    session = Session(hunt(HUNT, 0))
    for place in places:
        session.reply(Reply(place))
    return session


def text(session: Session) -> str:
    return "\n\n".join(step.text for step in session.shown if isinstance(step, Show))


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
def test_the_broken_biller_invoices_twice_in_both_transports(graded):
    assert {v.check: v.anomaly or v.outcome for v in check_source(SPEC, BROKEN, 0, graded)} == {
        "invoiced_once": "duplicate_effect", "nothing_lost": "pass", "nothing_left": "pass",
    }  # fmt: skip


@pytest.mark.parametrize("name", WHEATS)
def test_a_mend_by_each_design_passes(name):
    assert {v.outcome for v in check_source(SPEC, WHEATS[name], 0, False)} == {"pass"}


def test_without_faults_the_broken_biller_looks_right_and_takes_no_offset_along():
    run, findings = one_run(SPEC, BROKEN, ())
    assert not findings
    assert (taken_along(run), most_invoices(run)) == (0, 1)
    assert most_invoices(after_the_first(run)) == 2


def test_a_mended_biller_takes_every_offset_along():
    run, _ = one_run(SPEC, WHEATS["goes_back"], ())
    assert taken_along(run) == 3


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert BROKEN.startswith("import json\n")
    assert "anomaly" not in BROKEN


def test_right_predictions_and_the_right_name_are_said_to_be_right():
    said = text(answered(*RIGHT[:2]))
    assert "✓ offsets in a transaction: never" in said
    assert "✓ invoices after a crash: two" in said
    assert "✓ the anomaly: duplicate effect" in text(answered(*RIGHT))


def test_wrong_ones_are_put_beside_what_happened():
    said = text(answered(0, 1))
    assert "you said 3 times, once for each order; it is: never" in said
    assert "you said one; it is: two" in said


def test_the_abort_after_being_fenced_is_seen_to_fail():
    said = text(answered(*RIGHT))
    assert "the error is _FENCED, a fatal one" in said
    assert "which raises as well" in said
    assert "FATAL,code=_FENCED" in said
