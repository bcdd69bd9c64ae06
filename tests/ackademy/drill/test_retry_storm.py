"""The bug hunt in a retry on Kafka: what it asks, what it says to right and wrong answers, and that
its code is what it says it is."""

import pytest

from ackademy.drill.catalogue import drill_of
from ackademy.drill.hunt import broken_source, hunt
from ackademy.drill.retry_storm import HUNT, NAME, away, charged, copies, gaps
from ackademy.drill.session import Session
from ackademy.drill.steps import Choose, Mend, Reply, Show, ShowRun
from graders.check import check_source, one_run
from graders.content import chaffs, wheats
from graders.spec import load

SPEC = load(NAME)
BROKEN = broken_source(HUNT)
WHEATS = {each.name: each.source for each in wheats(NAME)}
CHAFFS = {each.name: each.source for each in chaffs(NAME)}
RIGHT = (1, 1, 0)
"""Some milliseconds later; put away too early; retry without delay."""


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


# --- the code ----------------------------------------------------------------------------------


@pytest.mark.parametrize("graded", [False, True], ids=["inline", "child"])
def test_the_broken_worker_does_not_wait_and_loses_what_it_did_not_send(graded):
    assert outcomes(BROKEN, graded=graded) == {
        "delay": "retry_without_delay", "nothing_lost": "lost_message", "charged_once": "pass",
        "rest": "pass",
    }  # fmt: skip


@pytest.mark.parametrize("name", WHEATS)
def test_a_mend_by_each_design_passes(name):
    assert set(outcomes(WHEATS[name]).values()) == {"pass"}


def test_a_mend_of_the_delay_alone_still_loses_what_is_not_flushed():
    assert outcomes(CHAFFS["does_not_flush"]) == {
        "delay": "pass", "nothing_lost": "lost_message", "charged_once": "pass", "rest": "pass",
    }  # fmt: skip


def test_the_code_that_is_shown_does_not_name_its_anomaly():
    assert BROKEN.startswith("import json\n")
    assert "anomaly" not in BROKEN
    assert "nobody reads" not in BROKEN


# --- the drill ---------------------------------------------------------------------------------


def test_it_is_in_the_catalogue():
    assert drill_of(NAME).title == "Bug hunt: the order that did not wait"


def test_the_code_is_shown_before_anything_is_asked():
    session = answered()
    assert 'headers["retry-at"] = str(time.time() + 10)' in text(session)
    assert isinstance(session.asked, Choose)


def test_right_predictions_are_said_to_be_right_with_the_run_and_its_coverage():
    session = answered(*RIGHT[:2])
    said = text(session)
    assert "Tried: the run without faults" in said
    assert "✓ the second attempt: some milliseconds later" in said
    assert "✓ the order whose bank comes back: it is put away before its bank is back" in said
    [shown] = [step for step in session.shown if isinstance(step, ShowRun)]
    assert gaps(shown.run)[0] < 0.1
    assert charged(shown.run) == 0
    assert copies(shown.run, away(shown.run), "orders.dead") == 1


def test_wrong_predictions_are_put_beside_what_happened():
    said = text(answered(0, 0))
    assert "✗ the second attempt: you said 10 s later, as the header says; it is: some" in said


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_wrong_name_gets_the_reason_why_it_is_not_that_one(place):
    name = list(HUNT.names)[place]
    said = text(answered(*RIGHT[:2], place))
    words = name.replace("_", " ")
    assert f"✗ the anomaly: you said {words}; it is: retry without delay" in said
    assert f"{words.capitalize()} would be: {HUNT.names[name]}" in said


def test_crashes_show_what_was_not_sent_and_what_was_not_committed():
    said = text(answered(*RIGHT))
    assert "orders.dead then holds 0 records of order-" in said
    assert "where it holds 1 without the crash" in said
    assert "asks for its charge 2 times; it is made once, for the key is the same" in said


@pytest.mark.parametrize("seed", range(4))
def test_the_answers_hold_for_every_variant(seed):
    session = answered(*RIGHT, seed=seed)
    assert "you said" not in text(session)
    assert isinstance(session.asked, Mend)


def test_a_mended_worker_waits_ten_seconds_and_charges_the_order():
    run, findings = one_run(SPEC, WHEATS["pauses_until_it_is_due"], ())
    assert not findings
    assert min(gaps(run)) >= 10
    assert charged(run) == 1


def test_a_mend_that_passes_ends_with_the_designs_and_the_card():
    session = answered(0, 1, 0)
    session.reply(Reply(BROKEN))
    session.reply(Reply(WHEATS["holds_what_waits"]))
    assert session.over
    said = text(session)
    assert "Copy and offset in one transaction" in said
    assert "✗ the second attempt: you said 10 s later" in said
    assert "✓ the mend: all checks passed the 2nd time" in said
